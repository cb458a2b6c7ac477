/** The folder of the repository. */
export const ROOT: string;
/** Node 24, which everything here runs on. */
export const NODE: string;
/** Python of the emulator's virtual environment. */
export const PYTHON: string;
/** Python of an environment; `setup` installs it. */
export function pythonOf(name: 'moto' | 'ministack' | 'checkov' | 'c7n'): string;
