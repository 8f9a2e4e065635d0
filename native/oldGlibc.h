/**
 * For prebuilt addons, before every source (src/cli/addon/compile.ts): functions that a later glibc gave a new version
 * are asked for by their first one, so that what is linked here also loads where glibc is 2.17. Versions mean nothing
 * to musl, which loads the same file.
 */
#pragma once

#include <features.h>

#ifdef __GLIBC__
#if defined(__x86_64__)
#define NN_FIRST_VERSION "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define NN_FIRST_VERSION "GLIBC_2.17"
#endif

#define NN_OLD(name, version) __asm__(".symver " #name "," #name "@" version)
NN_OLD(pthread_attr_setstacksize, NN_FIRST_VERSION);
NN_OLD(pthread_create, NN_FIRST_VERSION);
NN_OLD(pthread_detach, NN_FIRST_VERSION);
NN_OLD(pthread_join, NN_FIRST_VERSION);
NN_OLD(pthread_key_create, NN_FIRST_VERSION);
NN_OLD(pthread_once, NN_FIRST_VERSION);
NN_OLD(pthread_setspecific, NN_FIRST_VERSION);
NN_OLD(pthread_getspecific, NN_FIRST_VERSION);
NN_OLD(pthread_sigmask, NN_FIRST_VERSION);
#if defined(__x86_64__)
NN_OLD(pthread_setname_np, "GLIBC_2.12");
#else
NN_OLD(pthread_setname_np, NN_FIRST_VERSION);
#endif
#undef NN_OLD
#undef NN_FIRST_VERSION
#endif
