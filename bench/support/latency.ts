import { Worker } from 'node:worker_threads';

/** Milliseconds that a call takes on the way, by what it goes to. */
export interface Latency {
  readonly control: number;
  readonly dynamodb: number;
  readonly objects: number;
}

export const LATENCIES: Readonly<Record<string, Latency>> = {
  'flat-40': { control: 40, dynamodb: 40, objects: 40 },
  // Orders of magnitude of one region, seen from a function in it: control plane and settings of buckets, single items, single objects.
  aws: { control: 60, dynamodb: 6, objects: 25 },
};

/** One call as it went through; epoch milliseconds. */
export interface Passed {
  readonly call: string;
  /** Whether it is the journal's: an item, or an object. No remediator reads either. */
  readonly journal: boolean;
  readonly from: number;
  readonly to: number;
}

export interface Slowed {
  readonly endpoint: string;
  /** The calls since it was asked last. */
  take(): Promise<readonly Passed[]>;
  close(): Promise<void>;
}

/** Where calls go to, and what they take on the way. */
export interface Way {
  readonly latency: Latency;
  readonly upstream: string;
  /** Who serves DynamoDB. */
  readonly dynamodb: string;
}

/** A proxy that delays each call, any number at once. It has a thread of its own, so that it takes no time of who is measured. */
export async function slowed(way: Way): Promise<Slowed> {
  const worker = new Worker(new URL('./slow-proxy.ts', import.meta.url), { workerData: way });
  let failed: (error: unknown) => void = () => undefined;
  worker.on('error', (error) => failed(error));
  const answer = <T>() =>
    new Promise<T>((resolve, reject) => {
      failed = reject;
      worker.once('message', resolve);
    });
  const endpoint = await answer<string>();
  return {
    endpoint,
    take() {
      const taken = answer<readonly Passed[]>();
      worker.postMessage('take');
      return taken;
    },
    close: async () => void (await worker.terminate()),
  };
}

/** How many calls had to wait for one another: the longest chain of which none begins before the one before it is over. */
export function roundTrips(calls: readonly Pick<Passed, 'from' | 'to'>[]): number {
  let trips = 0;
  let over = Number.NEGATIVE_INFINITY;
  // Whichever ends first leaves the most room for others.
  for (const { from, to } of [...calls].sort((a, b) => a.to - b.to)) {
    if (from < over) continue;
    trips++;
    over = to;
  }
  return trips;
}
