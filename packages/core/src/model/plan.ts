import type { Digest, Json, JsonObject } from './json.js';
import type { ResourceRef } from './resource.js';

/** What may be done when the reply to a writing call was lost. */
export type Retry =
  /** Sending it again changes nothing more. */
  | 'idempotent'
  /** The engine sends it with a `ClientToken`, made of the execution: sent twice it acts once. */
  | 'client-token'
  /** Look first: sending it twice could act twice. */
  | 'verify-first';

declare const operationBrand: unique symbol;

/**
 * One AWS API call as data. Made only by `service.call(…)`, so that its operation is known, its input is typed and
 * everything in it is JSON.
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

/** In an undo: the value that this JSON pointer names in the reply of the change's call. */
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

/** What could break production. It lowers a decision, never raises it. */
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
  /** Whether the gap is closed by it; false for a flag. */
  readonly resolves: boolean;
  /**
   * The part of the resource that it changes (a rule id), when its changes stand on their own. Freshness is judged per subject:
   * a new rule may be revoked while an old one in the same group waits for an approval.
   */
  readonly subject?: string;
  /** Hazards of this change alone. */
  readonly hazards?: readonly Hazard[];
}

/** What a remediator makes of a state. No finding goes in: a claim decides who is asked, never what is changed. */
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
      /** Tells whether the gap is the same as before: nothing in it or in `steps` changes with time alone. */
      readonly message: string;
      readonly steps?: readonly string[];
      readonly hazards?: readonly Hazard[];
      /** The resource has the flag that a change of this remediator sets: that change was made, and the gap is still open. */
      readonly flagged?: true;
    }
  /** The control does not apply to this resource. */
  | { readonly status: 'not-applicable'; readonly reason: string };

/** Who made a plan. */
export interface RemediatorRef {
  readonly id: string;
  /** npm package and version, when the author gave them. */
  readonly package: string;
  readonly version: string;
}

/**
 * A plan as data: what is previewed, approved, executed, recorded and rolled back is this object, named by `digest`
 * (SHA-256 over the RFC 8785 bytes of everything else in it).
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
