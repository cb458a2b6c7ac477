// The places and times that a trail covers. A missing event proves nothing outside of them.
import type { Moment, TrailDigest, TrailFile } from './trail.js';

/** A period in epoch milliseconds, including its start and excluding its end. */
export interface Period {
  readonly from: number;
  readonly until: number;
}

const DAY = 86_400_000;

/**
 * What was read of a trail. A period is covered if a digest file lists the delivered log files, and all of them were read, or if LookupEvents was
 * queried for it. Without digests of an account and region, each day (UTC) with a log file or an event is covered, up to the newest of the account.
 */
export class Coverage {
  readonly #asked = new Map<string, Period[]>();
  readonly #digests = new Map<string, TrailDigest[]>();
  readonly #days = new Map<string, Set<number>>();
  readonly #newest = new Map<string, number>();
  readonly #read = new Set<string>();
  readonly #delay: number;

  /** @param delay How long after a call its log file is delivered, in milliseconds. */
  constructor(delay: number) {
    this.#delay = delay;
  }

  /** A place and period was queried completely. */
  asked(account: string, region: string, period: Period): void {
    push(this.#asked, at({ account, region }), period);
  }

  digest(digest: TrailDigest): void {
    push(this.#digests, at(digest), digest);
  }

  /** A log file was read to its end. */
  file({ account, region, delivered, name }: TrailFile): void {
    this.#read.add(name);
    if (delivered !== null) this.seen({ account, region, time: delivered });
  }

  /** Something was recorded at this place and time. */
  seen({ account, region, time }: Moment): void {
    const days = this.#days.get(at({ account, region })) ?? new Set();
    days.add(Math.floor(time / DAY));
    this.#days.set(at({ account, region }), days);
    this.#newest.set(account, Math.max(time, this.#newest.get(account) ?? time));
  }

  /** The covered places and periods, at most: there may be gaps in them, which {@link gap} finds. */
  get places(): readonly (Pick<Moment, 'account' | 'region'> & Period)[] {
    const places = new Map<string, { from: number; until: number }>();
    const add = (place: string, { from, until }: Period) => {
      const known = places.get(place);
      places.set(place, known === undefined ? { from, until } : { from: Math.min(from, known.from), until: Math.max(until, known.until) });
    };
    for (const [place, periods] of [...this.#asked, ...this.#digests]) for (const each of periods) add(place, each);
    for (const [place, days] of this.#days) for (const day of days) add(place, { from: day * DAY, until: (day + 1) * DAY });
    return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([place, { from, until }]) => ({ ...placeOf(place), from, until }));
  }

  /** Log files in digests that were not read, because they are missing or damaged. */
  get missing(): readonly string[] {
    return [...this.#digests.values()]
      .flat()
      .flatMap(({ files }) => files.filter((file) => !this.#read.has(file)))
      .sort();
  }

  /** Why a missing event proves nothing at this place and time; null: it is covered. */
  gap({ account, region, time }: Moment): string | null {
    const place = at({ account, region });
    if (this.#asked.get(place)?.some(({ from, until }) => from <= time && time < until) === true) return null;
    const digests = this.#digests.get(place);
    if (digests !== undefined) {
      // A digest covers files, which come later than the events in them.
      const holding = [time, time + this.#delay].map((when) => digests.filter(({ from, until }) => from <= when && when < until));
      if (holding.some((found) => found.length === 0)) return 'no digest file covers it';
      const whole = holding.every((found) => found.some(({ files }) => files.every((file) => this.#read.has(file))));
      return whole ? null : 'a log file that the digest names was not read';
    }
    const days = this.#days.get(place);
    if (days === undefined)
      return this.#asked.has(place)
        ? 'it is outside of the time that was asked for'
        : this.places.some((each) => each.account === account)
          ? 'nothing of the region was read'
          : 'nothing was read from the account';
    if (!days.has(Math.floor(time / DAY))) return 'no log file of that day was read';
    return time <= (this.#newest.get(account) ?? time) ? null : 'it is after the newest log file';
  }
}

const at = ({ account, region }: Pick<Moment, 'account' | 'region'>) => `${account}/${region}`;

function placeOf(place: string): Pick<Moment, 'account' | 'region'> {
  const [account = '', region = ''] = place.split('/');
  return { account, region };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
