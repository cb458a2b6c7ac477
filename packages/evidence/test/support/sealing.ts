// Journals in folders, and sealers that die, for tests.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, digestOf, type Journal, resource } from '@redress/core';
import { folderJournal } from '../../src/folder.js';
import { generateKey, type KeptSigner, signerOf } from '../../src/ledger/note.js';
import type { LedgerStore } from '../../src/ledger/store.js';

const KEY = generateKey('example.com/redress');
/** The private key of all tests. */
export const SECRET = KEY.secret;
/** The key that verifiers have. */
export const VERIFIER = KEY.verifier;
const NEXT_KEY = generateKey('example.com/redress');
/** The private key that takes its place in tests of rotations. */
export const NEXT_SECRET = NEXT_KEY.secret;
/** Its public key. */
export const NEXT_VERIFIER = NEXT_KEY.verifier;

/** A clock that a test moves. */
export interface SteppingClock extends Pick<Clock, 'now'> {
  time: number;
}

/** What is recorded in tests, and every checkpoint that was ever signed. */
export interface Recording {
  readonly journal: Journal;
  readonly clock: SteppingClock;
  readonly signer: KeptSigner;
  /** The key that takes its place. */
  readonly next: KeptSigner;
  /** Checkpoints, in the order in which they were signed. */
  readonly signed: string[];
  /** What was signed before a checkpoint was: what that is to be. */
  readonly decisions: string[];
  /** A key that notes what it signs here. */
  noting(key: KeptSigner): KeptSigner;
  decide(id: string, body?: object): Promise<void>;
  fix(id: string): Promise<void>;
}

/** A folder with a journal, a key, and every checkpoint that was ever signed with it. */
export interface Sealing extends Recording {
  readonly directory: string;
  remove(): Promise<void>;
}

export function stepping(): SteppingClock {
  const clock: SteppingClock = { time: Date.UTC(2026, 0, 2), now: () => clock.time };
  return clock;
}

export function sealing(): Sealing {
  const directory = mkdtempSync(join(tmpdir(), 'redress-ledger-'));
  const clock = stepping();
  const recorded = recording(folderJournal({ directory, clock }), clock);
  return {
    ...recorded,
    directory,
    async remove() {
      await recorded.journal.close?.();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Whether what is signed is a decision, and no checkpoint. */
export const isDecision = (text: Buffer): boolean => text.toString().split('\n')[1] === 'decision';

export function recording(journal: Journal, clock: SteppingClock): Recording {
  const signed: string[] = [];
  const decisions: string[] = [];
  const noting = (key: KeptSigner): KeptSigner => ({
    ...key,
    sign: (text) => {
      // That a key can sign at all is shown by the empty log, which contradicts nothing.
      if (isDecision(text)) decisions.push(text.toString());
      else if (text.toString().split('\n')[1] !== '0') signed.push(text.toString());
      return key.sign(text);
    },
  });
  const ref = (id: string) => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });
  return {
    journal,
    clock,
    signed,
    decisions,
    noting,
    signer: noting(signerOf(KEY.secret)),
    next: noting(signerOf(NEXT_KEY.secret)),
    async decide(id, body = {}) {
      clock.time += 1000;
      await journal.append({ kind: 'decision', resource: ref(id), remediator: 'r', body: { message: `seen ${id}`, ...body }, documents: { state: { id } } });
    },
    async fix(id) {
      clock.time += 1000;
      const { generation } = await journal.view(ref(id));
      const begun = await journal.begin({
        ...{ resource: ref(id), remediator: 'r', planDigest: digestOf(1), generation, budgets: [], lease: 60_000 },
        ...{ body: {}, documents: { plan: { fix: id, at: clock.time } } },
      });
      if (begun.status !== 'begun') throw new Error(`It did not begin: ${begun.status}`);
      clock.time += 1000;
      await journal.append({ kind: 'call', resource: ref(id), remediator: 'r', lease: begun.lease, body: { operation: 'x' } });
      await journal.finish({
        resource: ref(id),
        remediator: 'r',
        lease: begun.lease,
        outcome: 'remediated',
        sent: 1,
        body: {},
        documents: { after: { id, ok: true } },
      });
    },
  };
}

/** How a sealer dies at a write. */
export type Death = 'before' | 'after';

/** A store whose sealer dies at its n-th write or removal, from 0, and does nothing more; without a death they are counted. */
export function dying(at: number, death: Death | null): { through: (store: LedgerStore) => LedgerStore; readonly count: number } {
  let count = 0;
  let dead = false;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    if (dead) throw new Error(`died ${death}`);
    const mine = count++ === at && death !== null;
    dead ||= mine;
    if (mine && death === 'before') throw new Error('died before');
    const done = await work();
    if (mine) throw new Error('died after');
    return done;
  };
  return {
    through: (store) => ({
      alone: (work) => store.alone(work),
      checkpoint: () => store.checkpoint(),
      read: (path) => store.read(path),
      decided: (seal) => store.decided(seal),
      kept: (seal) => store.kept(seal),
      partials: (path) => store.partials(path),
      create: (path, bytes) => step(() => store.create(path, bytes)),
      archive: (path, bytes, until) => step(() => store.archive(path, bytes, until)),
      publish: (note, over) => step(() => store.publish(note, over)),
      decide: (seal, plan) => step(() => store.decide(seal, plan)),
      keep: (seal, state) => step(() => store.keep(seal, state)),
      remove: (path) => step(() => store.remove(path)),
      forget: (seal) => step(() => store.forget(seal)),
    }),
    get count() {
      return count;
    },
  };
}
