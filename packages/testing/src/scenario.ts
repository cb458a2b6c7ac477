import type { Clock, Journal, JsonObject, ResourceRef } from '@redress/core';
import type { SdkConfig } from './connect.js';

/** What `arrange` builds with. It goes to the emulator directly: what it calls is not counted. */
export interface Sdk {
  /** For your own clients: `new EC2Client(sdk.config)`. */
  readonly config: SdkConfig;
  readonly account: string;
  readonly region: string;
  /** A name that nothing else has: `sdk.name('logs')` → `logs-5f0c9a1e44b2`. */
  name(prefix: string): string;
}

/** What `arrange` answers: the resource, alone or with what the event has to name. */
export type Arranged = ResourceRef | ({ readonly resource: ResourceRef } & Readonly<Record<string, unknown>>);

/** What has to come of a scenario. */
export type Expectation = 'compliant' | 'change' | 'manual' | 'not-applicable';

/** One situation that a remediator meets. */
export interface Scenario {
  readonly name: string;
  /** Makes the situation, new each time: once for all checks that change nothing, and once or more for each of the others. */
  arrange(sdk: Sdk): Promise<Arranged>;
  /** Parameters besides those of all scenarios. */
  readonly parameters?: JsonObject;
  readonly expect: Expectation;
  /** Codes of all hazards that have to be seen here. What has one is not changed. */
  readonly hazards?: readonly string[];
  /** The change cannot be taken back: it waits for an approval. */
  readonly irreversible?: boolean;
  /** Only a part may be changed at once: the rest waits for a person (older than the event, or with a hazard). */
  readonly partly?: boolean;
  /** Each run makes one step, and the gap stays open (`open`): a later run goes on by what it sees. */
  readonly steps?: boolean;
  /** The EventBridge event that reports it. Default: a Config compliance change, or a Security Hub finding, of the remediator's triggers. */
  readonly event?: ((resource: ResourceRef, arranged: Readonly<Record<string, unknown>>) => unknown) | undefined;
  /** Makes the gap again after it was fixed, as a person would; answers what `arrange` does when the event has to name something new. */
  readonly breakAgain?: ((sdk: Sdk, resource: ResourceRef) => Promise<Arranged | void>) | undefined;
  /**
   * What may not change, read with a client of your own: the other rules, the other settings, the tags. It is compared before and after.
   * Without it, nobody looks at what the remediator itself does not see.
   */
  readonly rest?: ((sdk: Sdk, resource: ResourceRef) => Promise<unknown>) | undefined;
  /** Puts a tag on the resource: for resources that have tags. */
  readonly tag?: ((sdk: Sdk, resource: ResourceRef, key: string, value: string) => Promise<void>) | undefined;
}

/** What {@link describeRemediator} and {@link checkRemediator} take. */
export interface ConformanceOptions {
  /** An emulator: moto, ministack or another that answers over http. */
  readonly account: {
    readonly endpoint: string;
    /** Default: what the emulator's STS says. */
    readonly accountId?: string;
    /** Default `us-east-1`. Remediators of account settings take one each, so that they do not meet. */
    readonly region?: string;
  };
  /** Parameters of all scenarios. */
  readonly parameters?: JsonObject;
  /**
   * At least one `compliant`, and at least one `change` unless nothing is ever written. Together they use everything that the remediator
   * declares.
   */
  readonly scenarios: readonly Scenario[];
  /** Default `redress:exception`. */
  readonly exceptionTag?: string;
  /** The service's error code for a resource that does not exist, where its protocol has no usual one: `InvalidGroup.NotFound`. */
  readonly goneCode?: string;
  /** The journal to run on; default: `memoryJournal` of `@redress/evidence`. */
  readonly journal?: (options: { readonly clock: Clock }) => Journal | Promise<Journal>;
}
