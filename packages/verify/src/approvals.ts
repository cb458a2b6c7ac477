// What people have said about plans, according to the records of a stream. If an execution relies on an approval, that approval has to exist.
import { canonical, isObject, type Json, type JsonObject } from './json.js';

/** A plan that waits for a person, or was announced. */
interface Request {
  readonly remediator: string;
  readonly plan: string;
  /** Identifies equal announcements; null if it is not an announcement. */
  readonly terms: string | null;
  readonly expires: number;
  verdict: 'none' | 'approved' | 'denied';
  ended: boolean;
  usedBy: string | null;
}

/** The approvals of a stream, after some of its records. */
export class Approvals {
  readonly #requests = new Map<string, Request>();

  /** @returns the approval that a record relies on although it was not given; null if there is none. */
  missing(record: JsonObject): string | null {
    const { approval: id, planDigest } = journalOf(record);
    if (record['kind'] !== 'intent' || id === undefined) return null;
    const request = this.#requests.get(String(id));
    // For an announcement, silence is consent. Whether it had expired, only the clock of that time could tell.
    const given = request !== undefined && (request.verdict === 'approved' || (request.verdict === 'none' && request.terms !== null));
    const fits = request?.ended === false && request.usedBy === null && request.plan === planDigest && request.remediator === record['remediator'];
    return given && fits ? null : String(id);
  }

  /** Adds the next record. */
  add(record: JsonObject): void {
    const { kind, execution } = record;
    const own = journalOf(record);
    if (kind === 'intent') {
      const request = this.#requests.get(String(own['approval']));
      if (request !== undefined) request.usedBy = String(execution);
    } else if (kind === 'outcome' && own['sent'] === 0) {
      // Nothing was sent, so the approval remains valid.
      for (const each of this.#requests.values()) if (each.usedBy === execution) each.usedBy = null;
    } else if (kind === 'decision') this.#ask(record, bodyOf(record)['approval']);
    else if (kind === 'approval') this.#answer(bodyOf(record)['approval']);
  }

  #ask(record: JsonObject, asked: Json | undefined): void {
    if (!isObject(asked) || typeof asked['id'] !== 'string' || typeof asked['expires'] !== 'number' || this.#requests.has(asked['id'])) return;
    const { id, expires, planDigest, discharges, fresh, grace } = asked;
    const remediator = String(record['remediator']);
    const plan = String(planDigest);
    const announced = isObject(grace) && typeof grace['period'] === 'number' && Array.isArray(grace['remind']) ? grace : null;
    const terms =
      announced === null ? null : canonical([remediator, plan, discharges ?? [], fresh === true, announced['period'] ?? null, announced['remind'] ?? null]);
    const now = Date.parse(String(record['time']));
    const stands = (each: Request) => each.terms === terms && !each.ended && each.verdict !== 'denied' && each.usedBy === null && each.expires > now;
    // Several workers may announce the same change at the same time. It counts once.
    if (terms !== null && [...this.#requests.values()].some(stands)) return;
    this.#requests.set(id, { remediator, plan, terms, expires, verdict: 'none', ended: false, usedBy: null });
  }

  #answer(answer: Json | undefined): void {
    if (!isObject(answer)) return;
    const request = this.#requests.get(String(answer['id']));
    const { verdict, ended } = answer;
    if (request === undefined) return;
    if (verdict === undefined) request.ended ||= request.terms !== null && typeof ended === 'string';
    // A rejection stands, even if an approval that was requested earlier is recorded after it.
    else if ((verdict === 'approved' || verdict === 'denied') && request.verdict !== 'denied') request.verdict = verdict;
  }
}

function bodyOf(record: JsonObject): JsonObject {
  const body = record['body'];
  return isObject(body) ? body : {};
}

function journalOf(record: JsonObject): JsonObject {
  const own = bodyOf(record)['journal'];
  return isObject(own) ? own : {};
}
