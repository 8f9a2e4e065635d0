/** The user's wish to stop. */
export interface Interruption {
  readonly happened: boolean;
}

/** Takes the first Ctrl-C as a wish to end in good order; the next ends the process at once, as ever. */
export function watchForInterruption(): Interruption & { stop(): void } {
  let happened = false;
  const listen = (): void => {
    happened = true;
  };
  process.once("SIGINT", listen);
  return {
    get happened() {
      return happened;
    },
    stop: () => void process.off("SIGINT", listen),
  };
}
