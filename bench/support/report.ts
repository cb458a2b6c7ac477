/** The `--json` output of every benchmark, so that one reader can read them all. */
export interface Report {
  readonly name: string;
  /** `name` says what was measured, from the general to the specific: `sg-ssh.folder.calls`. */
  readonly results: readonly { readonly name: string; readonly value: number; readonly unit: string }[];
  /** The ratio of two values of one run, without a unit. */
  readonly ratios: readonly { readonly name: string; readonly value: number }[];
}

/**
 * A report as one line of JSON. Values have three decimals.
 *
 * @throws {TypeError} for a value that is not a number, and for a duplicate name: readers of the file would not notice either.
 */
export function toLine({ name, results, ratios }: Report): string {
  for (const list of [results, ratios]) {
    const names = new Set<string>();
    for (const each of list) {
      if (!Number.isFinite(each.value)) throw new TypeError(`${name}: ${each.name} is ${each.value}.`);
      if (names.has(each.name)) throw new TypeError(`${name}: there are two of ${each.name}.`);
      names.add(each.name);
    }
  }
  const rounded = (value: number) => Number(value.toFixed(3));
  return JSON.stringify({
    name,
    results: results.map((each) => ({ name: each.name, value: rounded(each.value), unit: each.unit })),
    ratios: ratios.map((each) => ({ name: each.name, value: rounded(each.value) })),
  });
}
