/** Python of the emulator's virtual environment. */
export const PYTHON: string;
