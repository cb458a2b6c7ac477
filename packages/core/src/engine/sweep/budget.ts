// How many calls a sweep makes at most, so that it never uses up what the work of the account needs itself.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../../ports.js';

/** Calls to one service in one account and region. */
export interface CallBudget {
  /** Calls per second, on average. */
  readonly perSecond: number;
  /** Calls at once, after a time without any. */
  readonly burst: number;
}

/**
 * Budgets of calls by service, each for one account and region.
 *
 * - `ec2`: half of the least that AWS documents for reads (a bucket of 100 that fills by 20 a second; without filter or page size 50 and 10).
 * - `logs`: half of `DescribeLogGroups`, 10 a second.
 * - `s3`, `s3control`, `iam`: AWS publishes no number for reads of settings; these are ours, and the first throttled call lowers them.
 *
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
 */
const CALL_BUDGETS: Readonly<Record<string, CallBudget>> = {
  ec2: { perSecond: 10, burst: 50 },
  logs: { perSecond: 5, burst: 10 },
  s3: { perSecond: 100, burst: 200 },
  s3control: { perSecond: 50, burst: 100 },
  iam: { perSecond: 50, burst: 200 },
};
/** Of every other service. */
const OTHERS: CallBudget = { perSecond: 10, burst: 20 };
/** No place gets slower than that, in calls per second: it would never end. */
const SLOWEST = 0.5;
/** After a throttled call it takes this many other calls until the rate is restored. */
const RECOVERY = 100;
/** An organization has tens of thousands of places; this many are remembered. */
const MOST = 1000;

/** The target of a call. */
export interface CallPlace {
  readonly service: string;
  readonly account: string;
  readonly region: string;
}

interface Bucket {
  readonly full: CallBudget;
  /** Calls per second now: less than in full since a call was throttled. */
  rate: number;
  /** Calls that may go out now; below 0: how many are waiting. */
  tokens: number;
  at: number;
}

/** The budgets of one process, shared by all sweeps of a place in it. */
export class CallBudgets {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits until a call may go out, in the order in which they ask. */
  async take(place: CallPlace, given: Readonly<Record<string, CallBudget>>): Promise<void> {
    this.owe(place, given);
    await this.ready(place, given);
  }

  /** Counts a call that goes out at once; those who ask next wait for it. */
  owe(place: CallPlace, given: Readonly<Record<string, CallBudget>>): void {
    const bucket = this.#bucket(place, given);
    this.#fill(bucket);
    bucket.tokens--;
  }

  /** Waits until all calls that were counted may have gone out. */
  async ready(place: CallPlace, given: Readonly<Record<string, CallBudget>>): Promise<void> {
    const bucket = this.#bucket(place, given);
    this.#fill(bucket);
    if (bucket.tokens < 0) await this.#clock.sleep(Math.ceil((-bucket.tokens / bucket.rate) * 1000));
  }

  /** Reports the result of a call. A call that AWS throttled slows down its place, and no other. */
  came(place: CallPlace, throttled: boolean): void {
    const bucket = this.#buckets.get(keyOf(place));
    if (bucket === undefined) return;
    this.#fill(bucket);
    if (throttled) {
      bucket.rate = Math.max(SLOWEST, bucket.rate / 2);
      bucket.tokens = Math.min(bucket.tokens, 0);
    } else bucket.rate = Math.min(bucket.full.perSecond, bucket.rate + bucket.full.perSecond / RECOVERY);
  }

  #bucket(place: CallPlace, given: Readonly<Record<string, CallBudget>>): Bucket {
    const key = keyOf(place);
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const full = (Object.hasOwn(given, place.service) ? given[place.service] : CALL_BUDGETS[place.service]) ?? OTHERS;
    if (this.#buckets.size >= MOST) this.#forgetFull();
    const made: Bucket = { full, rate: full.perSecond, tokens: full.burst, at: this.#clock.now() };
    this.#buckets.set(key, made);
    return made;
  }

  /** What is full again is as if it had never been used. */
  #forgetFull(): void {
    for (const [key, bucket] of this.#buckets) {
      this.#fill(bucket);
      if (bucket.tokens >= bucket.full.burst && bucket.rate >= bucket.full.perSecond) this.#buckets.delete(key);
    }
  }

  #fill(bucket: Bucket): void {
    const now = this.#clock.now();
    bucket.tokens = Math.min(bucket.full.burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * bucket.rate);
    bucket.at = now;
  }
}

const keyOf = ({ service, account, region }: CallPlace) => `${service} ${account} ${region}`;

/** Paces all calls to AWS: reads, confirmations under a lease, changes, and their verification. */
export interface Pace {
  /** Counts a call, and waits until it may go out; in an execution it does not wait. */
  take(place: CallPlace): Promise<void>;
  /** Waits until all calls that were counted may have gone out: before an execution begins. */
  ready(place: CallPlace): Promise<void>;
  came(place: CallPlace, throttled: boolean): void;
}

const current = new AsyncLocalStorage<Pace & { owe(place: CallPlace): void }>();

/** The pace of the sweep that this is part of; null outside of sweeps. */
export const paceNow = (): Pace | null => current.getStore() ?? null;

/** Does some work of a sweep: all calls that it leads to are counted against these budgets. */
export function paced<T>(budgets: CallBudgets, given: Readonly<Record<string, CallBudget>>, work: () => Promise<T>): Promise<T> {
  return current.run(
    {
      take: (place) => budgets.take(place, given),
      owe: (place) => budgets.owe(place, given),
      ready: (place) => budgets.ready(place, given),
      came: (place, throttled) => budgets.came(place, throttled),
    },
    work,
  );
}

/**
 * Does the work of an execution: its calls are counted, and none of them waits. Whoever waited between the second look and the write would miss the
 * exception tag that is set meanwhile, and the lease would run.
 */
export function withoutWaits<T>(work: () => Promise<T>): Promise<T> {
  const pace = current.getStore();
  return pace === undefined ? work() : current.run({ ...pace, take: async (place) => pace.owe(place) }, work);
}
