# One static library for each instruction set: the same kernels, compiled with other flags. Everything else is compiled for
# the plainest CPU of the architecture, so that asking what the CPU can do runs anywhere.
{
  "variables": {
    "flags": [
      "-O3", "-std=c++20", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden", "-fPIC", "-Wall", "-Wextra",
      # The numeric law: a product is rounded before it is added. GCC's default would fuse the two.
      "-ffp-contract=off"
    ],
    "conditions": [
      ["target_arch=='x64'", { "isas": ["isa_baseline", "isa_avx2", "isa_avx512"] }],
      ["target_arch=='arm64'", { "isas": ["isa_neon"] }],
      ["target_arch!='x64' and target_arch!='arm64'", { "isas": ["isa_baseline"] }]
    ]
  },
  "target_defaults": {
    "default_configuration": "Release",
    "configurations": { "Release": { "cflags!": ["-O2", "-O3"] } },
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fexceptions", "-frtti"],
    "cflags_cc": ["<@(flags)"],
    "xcode_settings": {
      "OTHER_CPLUSPLUSFLAGS": ["<@(flags)"],
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "MACOSX_DEPLOYMENT_TARGET": "11.0"
    }
  },
  "targets": [
    {
      "target_name": "nn_embedding",
      "sources": [
        "native/addon.cpp",
        "native/dispatch.cpp",
        "native/doors/bags.cpp",
        "native/doors/limits.cpp",
        "native/doors/loss.cpp",
        "native/doors/matmul.cpp",
        "native/doors/optimizers.cpp",
        "native/doors/process.cpp",
        "native/doors/rows.cpp",
        "native/doors/word2vec.cpp",
        "native/later.cpp",
        "native/lease.cpp",
        "native/limits.cpp",
        "native/memory.cpp",
        "native/scratch.cpp",
        "native/threads.cpp"
      ],
      "dependencies": ["<@(isas)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "NAPI_VERSION=8"],
      "conditions": [
        # Bun and Deno do not bring libstdc++ along: an addon that wants it from outside kills them. And the threads of
        # threads.cpp never end: nodelete keeps their code where it is when the worker thread that loaded it does.
        ["OS=='linux'", {
          "ldflags": [
            "-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL", "-Wl,--gc-sections", "-Wl,-z,nodelete", "-s"
          ]
        }]
      ]
    }
  ],
  "conditions": [
    ["target_arch!='arm64'", {
      "targets": [
        { "target_name": "isa_baseline", "type": "static_library", "sources": ["native/isa/baseline.cpp"] }
      ]
    }],
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "isa_avx2",
          "type": "static_library",
          "sources": ["native/isa/avx2.cpp"],
          "cflags_cc": ["-mavx2"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx2"] }
        },
        {
          "target_name": "isa_avx512",
          "type": "static_library",
          "sources": ["native/isa/avx512.cpp"],
          "cflags_cc": ["-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq"] }
        }
      ]
    }],
    ["target_arch=='arm64'", {
      "targets": [
        { "target_name": "isa_neon", "type": "static_library", "sources": ["native/isa/neon.cpp"] }
      ]
    }]
  ]
}
