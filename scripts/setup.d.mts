/** Python of the emulator's virtual environment. */
export const PYTHON: string;
/** Python of an environment; `setup` installs it. */
export function pythonOf(name: 'moto' | 'ministack' | 'checkov' | 'c7n'): string;
