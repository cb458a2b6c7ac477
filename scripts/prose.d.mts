/** Lints a work tree; the exit code. `say` gets what is printed, line by line; the last line has the counts. */
export function prose(options: { readonly root: string; readonly say?: (line: string) => void }): Promise<0 | 1>;
