/** A running emulator. */
export interface Moto {
  /** Where it listens, on loopback. */
  readonly endpoint: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the AWS emulator on a free port. `detached`: it stays when this process ends. */
export function startMoto(options?: { readonly detached?: boolean }): Promise<Moto>;

/** Empties the emulated account at an endpoint. */
export function emptyMoto(endpoint: string): Promise<void>;
