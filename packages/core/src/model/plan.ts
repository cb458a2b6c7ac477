import type { Digest, Json, JsonObject } from './json.js';
import type { ResourceRef } from './resource.js';

/** What may be done if the reply to a write was lost. */
export type Retry =
  /** Sending it again changes nothing more. */
  | 'idempotent'
  /** The engine sends it with a `ClientToken`, derived from the execution: sent twice, it acts once. */
  | 'client-token'
  /** Read first: sending it twice could act twice. */
  | 'verify-first';

declare const operationBrand: unique symbol;

/**
 * One AWS API call as data. Only `service.call(…)` creates one, so that its operation is known, its input is typed, and everything in it is
 * JSON.
 */
export interface ApiCall<Operation extends string = string> {
  /** Binding id, for example `ec2`. */
  readonly service: string;
  /** API operation name, for example `RevokeSecurityGroupIngress`. */
  readonly operation: string;
  readonly input: JsonObject;
  readonly retry: Retry;
  /** Type only: keeps calls of undeclared operations out of a plan. */
  readonly [operationBrand]?: Operation;
}

/** In an undo: the value at this JSON pointer in the reply to the change's call. */
export interface ResponseRef {
  readonly $response: string;
}

/** The undo of a change. Stored before the change is made. */
export type Undo<Operation extends string = string> =
  | {
      readonly calls: readonly ApiCall<Operation>[];
      /** `equivalent`: same effect, another identity (a re-authorised rule has a new id). */
      readonly restores: 'exact' | 'equivalent';
      /** What the undo itself destroys; such an undo needs an approval. */
      readonly destroys?: string;
    }
  | { readonly irreversible: string };

/** What could break production. It makes a decision more restrictive, never less. */
export interface Hazard {
  /** Stable, kebab-case. */
  readonly code: string;
  readonly effect: 'approve' | 'notify';
  /** For people: what could break, and how to find out. */
  readonly message: string;
}

/** One change: the call, its undo, and what it means. */
export interface Change<Write extends string = string, UndoOp extends string = string> {
  readonly call: ApiCall<Write>;
  readonly undo: Undo<UndoOp>;
  /** For people, in the imperative: `revoke sgr-1: tcp 22 from 0.0.0.0/0`. */
  readonly summary: string;
  /** Whether it closes the gap; false for a flag. */
  readonly resolves: boolean;
  /**
   * The part of the resource that it changes (a rule ID), if its changes are independent. Freshness is evaluated per subject: a new rule may be
   * revoked while an old one in the same group waits for an approval.
   */
  readonly subject?: string;
  /** Hazards of this change alone. */
  readonly hazards?: readonly Hazard[];
}

/** The result of `plan` for a state. It does not depend on the finding: a claim selects remediators, never the change. */
export type Assessment<Write extends string = string, UndoOp extends string = string> =
  /** Nothing to change. */
  | { readonly status: 'compliant'; readonly message?: string }
  /** Changes that close the gap, or flag it. */
  | {
      readonly status: 'change';
      readonly changes: readonly Change<Write, UndoOp>[];
      readonly hazards?: readonly Hazard[];
      /** What stays open afterwards, and why. */
      readonly open?: readonly string[];
    }
  /** There is a gap; a person has to close it. */
  | {
      readonly status: 'manual';
      /** Identifies the gap, with `steps`: neither may contain anything that changes with time alone. */
      readonly message: string;
      readonly steps?: readonly string[];
      readonly hazards?: readonly Hazard[];
      /** The resource has the flag that a change of this remediator sets: that change was made, and the gap is still open. */
      readonly flagged?: true;
    }
  /** The control does not apply to this resource. */
  | { readonly status: 'not-applicable'; readonly reason: string };

/** The remediator that made a plan. */
export interface RemediatorRef {
  readonly id: string;
  /** npm package and version, if the author declared them. */
  readonly package: string;
  readonly version: string;
}

/**
 * A plan as data. This object is previewed, approved, executed, recorded and rolled back. Its `digest` identifies it: SHA-256 over the RFC 8785
 * bytes of all other members.
 */
export interface Plan {
  readonly schema: 1;
  readonly remediator: RemediatorRef;
  readonly resource: ResourceRef;
  /** The state that the plan was made from: only what the changes write or depend on. */
  readonly before: Json;
  readonly changes: readonly Change[];
  readonly hazards: readonly Hazard[];
  readonly digest: Digest;
}
