/** One thing that was looked at. */
export interface Check {
  readonly what: string;
  readonly holds: boolean;
  /** What was found; where it does not hold, what is wrong. */
  readonly detail: string;
}
/** One release of the rehearsal. */
export interface Step {
  readonly what: string;
  /** `name@version` of what the registry has since. */
  readonly published: readonly string[];
}
/** `npm run release:dry -- --json` */
export interface RehearsalDocument {
  readonly name: 'release-dry';
  /** Whether every check holds. */
  readonly holds: boolean;
  readonly checks: readonly Check[];
  readonly steps: readonly Step[];
}
export interface Rehearsal {
  check(what: string, holds: unknown, detail?: unknown): void;
  /** Holds when both are the same set, and nothing is there twice. */
  same(what: string, found: Iterable<string>, expected: Iterable<string>): void;
  step(what: string, published: Iterable<string>): void;
  ended(error: unknown): void;
  failed(): readonly Check[];
  document(about?: object): RehearsalDocument;
}
export function rehearsal(): Rehearsal;
/** Integrity by version, by name. */
export type Look = Readonly<Record<string, { readonly versions: Readonly<Record<string, string>> }>>;
export function released(before: Look, after: Look): { readonly published: readonly string[]; readonly damaged: readonly string[] };
export function filesOf(tarball: Uint8Array): Map<string, string>;
interface Contents {
  readonly files: ReadonlyMap<string, string>;
  readonly version: string;
}
export function differing(one: Contents, other: Contents): string[];
