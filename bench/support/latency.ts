import { Worker } from 'node:worker_threads';

/** Milliseconds of latency, by kind of call. */
export interface Latency {
  readonly control: number;
  readonly dynamodb: number;
  readonly objects: number;
}

export const LATENCIES: Readonly<Record<string, Latency>> = {
  'flat-40': { control: 40, dynamodb: 40, objects: 40 },
  // Orders of magnitude within one region, seen from a function in it: control plane and settings of buckets, single items, single objects.
  aws: { control: 60, dynamodb: 6, objects: 25 },
};

/** One call through the proxy; epoch milliseconds. */
export interface Passed {
  readonly call: string;
  /** Whether it is the journal's: an item, or an object. No remediator reads either. */
  readonly journal: boolean;
  readonly from: number;
  readonly to: number;
}

export interface Slowed {
  readonly endpoint: string;
  /** Returns the calls since the last request. */
  take(): Promise<readonly Passed[]>;
  close(): Promise<void>;
}

/** The target of calls, and their latency. */
export interface Way {
  readonly latency: Latency;
  readonly upstream: string;
  /** The endpoint of DynamoDB. */
  readonly dynamodb: string;
}

/** A proxy that delays each call, any number at once. It has its own thread, so that it takes no time of the measured one. */
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

/** The number of sequential calls: the longest chain in which each begins after the previous one has ended. */
export function roundTrips(calls: readonly Pick<Passed, 'from' | 'to'>[]): number {
  let trips = 0;
  let over = Number.NEGATIVE_INFINITY;
  // The one that ends first leaves the most room for others.
  for (const { from, to } of [...calls].sort((a, b) => a.to - b.to)) {
    if (from < over) continue;
    trips++;
    over = to;
  }
  return trips;
}
