import type { Clock, Journal, JsonObject, ResourceRef } from '@redress/core';
import type { SdkConfig } from './connect.js';

/** What `arrange` uses to build the situation. Its calls go directly to the emulator, and are not counted. */
export interface Sdk {
  /** For your own clients: `new EC2Client(sdk.config)`. */
  readonly config: SdkConfig;
  readonly account: string;
  readonly region: string;
  /** Returns a unique name: `sdk.name('logs')` → `logs-5f0c9a1e44b2`. */
  name(prefix: string): string;
}

/** Result of `arrange`: the resource, alone or with what the event has to name. */
export type Arranged = ResourceRef | ({ readonly resource: ResourceRef } & Readonly<Record<string, unknown>>);

/** The expected assessment of a scenario. */
export type Expectation = 'compliant' | 'change' | 'manual' | 'not-applicable';

/** One situation that a remediator has to handle. */
export interface Scenario {
  readonly name: string;
  /** Creates the situation, new each time: once for all checks that change nothing, and at least once for each of the others. */
  arrange(sdk: Sdk): Promise<Arranged>;
  /** Parameters in addition to those of all scenarios. */
  readonly parameters?: JsonObject;
  readonly expect: Expectation;
  /** Codes of all hazards that have to be detected. A resource with a hazard is not changed. */
  readonly hazards?: readonly string[];
  /** The change cannot be undone, so it needs an approval. */
  readonly irreversible?: boolean;
  /** Only a part may be changed at once. The rest needs an approval, because it is older than the event or has a hazard. */
  readonly partly?: boolean;
  /** Each run makes one step, and the gap stays open (`open`). A later run continues from what it observes. */
  readonly steps?: boolean;
  /** The EventBridge event that reports it. Default: a Config compliance change, or a Security Hub finding, from the remediator's triggers. */
  readonly event?: ((resource: ResourceRef, arranged: Readonly<Record<string, unknown>>) => unknown) | undefined;
  /** Opens the gap again after it was fixed, as a person would. If the event has to name something new, returns the same as `arrange`. */
  readonly breakAgain?: ((sdk: Sdk, resource: ResourceRef) => Promise<Arranged | void>) | undefined;
  /**
   * Reads, with your own client, what must not change: the other rules, the other settings, the tags. It is compared before and after.
   * Nothing else checks what the remediator itself does not read.
   */
  readonly rest?: ((sdk: Sdk, resource: ResourceRef) => Promise<unknown>) | undefined;
  /** Puts a tag on the resource: for resources that have tags. */
  readonly tag?: ((sdk: Sdk, resource: ResourceRef, key: string, value: string) => Promise<void>) | undefined;
}

/** Options of {@link describeRemediator} and {@link checkRemediator}. */
export interface ConformanceOptions {
  /** An emulator: moto, ministack or another one with an HTTP endpoint. */
  readonly account: {
    readonly endpoint: string;
    /** Default: what the emulator's STS returns. */
    readonly accountId?: string;
    /** Default `us-east-1`. Remediators of account settings use one region each, so that they do not interfere. */
    readonly region?: string;
  };
  /** Parameters of all scenarios. */
  readonly parameters?: JsonObject;
  /**
   * At least one `compliant`, and at least one `change` unless the remediator never writes. Together they use every operation that the
   * remediator declares.
   */
  readonly scenarios: readonly Scenario[];
  /** Default `redress:exception`. */
  readonly exceptionTag?: string;
  /** The service's error code for a missing resource, if its protocol has no usual one, such as `InvalidGroup.NotFound`. */
  readonly goneCode?: string;
  /** The journal to run on; default: `memoryJournal` of `@redress/evidence`. */
  readonly journal?: (options: { readonly clock: Clock }) => Journal | Promise<Journal>;
}
