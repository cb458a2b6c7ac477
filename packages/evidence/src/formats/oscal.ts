// Documents of the Open Security Controls Assessment Language, 1.2.1: what was assessed, and what is open.
import { createHash } from 'node:crypto';
import { countOf, type Digest, formatResource, type Gap, type JsonObject, type ResourceRef, type StoredRecord, streamOf } from '@redress/core';
import { type Conclusion, Conclusions, isSatisfied } from './conclusions.js';
import { uuidOf } from './uuid.js';

const VERSION = '1.2.1';
/** The namespace of properties that OSCAL does not define. */
const NS = 'https://redress.dev/ns/oscal';
/** The time for a ledger without records. */
const NEVER = 0;

/** The latest conclusion of one remediator about one resource. */
export interface Assessed {
  readonly conclusion: Conclusion;
  readonly gaps: readonly Gap[];
  readonly satisfied: boolean;
}

/** The assessment in a journal. */
export interface Assessment {
  /** By stream and remediator. */
  readonly assessed: readonly Assessed[];
  readonly executions: readonly Conclusion[];
  readonly from: number;
  readonly until: number;
  readonly records: number;
  /** Identifies what was read: a digest over the digests of all records. */
  readonly digest: string;
}

/** Input of {@link assess}. */
export interface OscalSource {
  /** All records of a journal: those of a stream in order, streams in any order. */
  readonly records: AsyncIterable<StoredRecord> | Iterable<StoredRecord>;
  /** The open gaps, from `journal.standing()`. */
  readonly gaps: readonly Gap[];
}

/** A document, and its number of findings or open items. */
export interface OscalDocument {
  readonly document: JsonObject;
  readonly count: number;
}

/**
 * OSCAL assessment results: one finding for each remediator, which is satisfied if every resource is, one observation for each resource, and each
 * execution in the log. The same records give the same document.
 *
 * @see https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/assessment-results/json-outline/
 */
export async function oscalAssessmentResults(source: OscalSource | Assessment): Promise<OscalDocument> {
  const assessment = await assessed(source);
  const { assessed: all, executions, from, until, records, digest } = assessment;
  const uuid = uuidOf('oscal-ar', digest);
  const plan = uuidOf('oscal-ap', digest);
  const byControl = grouped(all, ({ conclusion }) => conclusion.remediator);
  const controls = [...byControl.keys()];
  const log = executions.map(entry);
  const document = {
    'assessment-results': {
      uuid,
      metadata: metadata('Redress: assessment results', until),
      'import-ap': { href: `#${plan}` },
      results: [
        {
          uuid: uuidOf('oscal-result', digest),
          title: 'What is recorded',
          description: `${countOf(records, 'record')}: ${all.length} resources and controls, ${countOf(executions.length, 'execution')}.`,
          start: iso(from),
          end: iso(until),
          props: [prop('records', String(records)), prop('digest', digest)],
          ...(all.length === 0 ? {} : { 'local-definitions': { 'inventory-items': inventory(all) } }),
          'reviewed-controls': {
            'control-selections': [
              controls.length === 0 ? { 'include-all': {} } : { 'include-controls': controls.map((each) => ({ 'control-id': tokenOf(each) })) },
            ],
          },
          ...(log.length === 0 ? {} : { 'assessment-log': { entries: log } }),
          ...(all.length === 0 ? {} : { observations: all.map(observation) }),
          ...(all.length === 0 ? {} : { findings: [...byControl].map(([control, of]) => finding(control, of, digest)) }),
        },
      ],
      'back-matter': {
        resources: [
          {
            uuid: plan,
            title: 'What Redress assesses',
            description:
              'Each remediator checks for one gap, on each resource that an event, a sweep or a person names. Its page in the documentation describes it.',
          },
        ],
      },
    },
  };
  return { document, count: controls.length };
}

/**
 * OSCAL plan of action and milestones: an item for each open gap, and for each resource that is left in an unwanted state. Each item has a risk; an
 * exception makes it an accepted risk. OSCAL does not allow a plan without items, so if nothing is open, one item says so.
 *
 * @see https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/plan-of-action-and-milestones/json-outline/
 */
export async function oscalPoam(source: OscalSource | Assessment): Promise<OscalDocument> {
  const { assessed: all, until, digest } = await assessed(source);
  const open = all.filter(({ satisfied }) => !satisfied);
  const items = open.flatMap((each) => (each.gaps.length === 0 ? [itemOf(each, null)] : each.gaps.map((gap) => itemOf(each, gap))));
  const document = {
    'plan-of-action-and-milestones': {
      uuid: uuidOf('oscal-poam', digest),
      metadata: metadata('Redress: what is open', until),
      'system-id': { 'identifier-type': NS, id: 'redress' },
      ...(open.length === 0
        ? {}
        : { 'local-definitions': { 'inventory-items': inventory(open) }, observations: open.map(observation), risks: items.map(({ risk }) => risk) }),
      'poam-items':
        items.length === 0
          ? [{ uuid: uuidOf('oscal-poam-none', digest), title: 'Nothing is open', description: 'The records have no gap.', props: [prop('open', '0')] }]
          : items.map(({ item }) => item),
    },
  };
  return { document, count: items.length };
}

const assessed = async (source: OscalSource | Assessment): Promise<Assessment> => ('assessed' in source ? source : assess(source));

/**
 * Reads the records of a journal once, for both documents and for reports of what is open.
 *
 * @example const assessment = await assess({ records: journal.read({ all: true }), gaps: (await journal.standing()).gaps });
 */
export async function assess({ records, gaps }: OscalSource): Promise<Assessment> {
  const [conclusions, assessing] = [new Conclusions(), new Assessing()];
  for await (const stored of records) assessing.add(stored, conclusions.after(stored));
  return assessing.done(gaps);
}

/** Builds an assessment, record by record. */
export class Assessing {
  readonly #last = new Map<string, Conclusion>();
  readonly #executions: Conclusion[] = [];
  readonly #digests: string[] = [];
  #from = Number.POSITIVE_INFINITY;
  #until = NEVER;

  /** Adds a record, and its conclusion. */
  add({ record, digest }: StoredRecord, conclusion: Conclusion | null): void {
    const time = Date.parse(record.time);
    [this.#from, this.#until] = [Math.min(this.#from, time), Math.max(this.#until, time)];
    this.#digests.push(digest);
    if (conclusion === null) return;
    // These documents contain no states.
    const { execution } = conclusion;
    const kept: Conclusion = execution === null ? conclusion : { ...conclusion, execution: { ...execution, before: undefined, after: undefined, calls: [] } };
    this.#last.set(`${conclusion.stream} ${conclusion.remediator}`, kept);
    if (execution !== null) this.#executions.push(kept);
  }

  /** Call it after the last record. */
  done(gaps: readonly Gap[]): Assessment {
    const standing = grouped(gaps, (gap) => `${streamOf(gap.resource)} ${gap.remediator}`);
    const hash = createHash('sha256');
    for (const each of this.#digests.sort()) hash.update(each);
    return {
      assessed: [...this.#last]
        .sort(([a], [b]) => compare(a, b))
        .map(([key, conclusion]) => {
          const own = standing.get(key) ?? [];
          return { conclusion, gaps: own, satisfied: own.length === 0 && isSatisfied(conclusion) };
        }),
      executions: this.#executions.sort((a, b) => a.time - b.time || compare(a.digest, b.digest)),
      from: Math.min(this.#from, this.#until),
      until: this.#until,
      records: this.#digests.length,
      digest: `sha256:${hash.digest('hex')}`,
    };
  }
}

function metadata(title: string, time: number): JsonObject {
  return { title, 'last-modified': iso(time), version: iso(time), 'oscal-version': VERSION };
}

function inventory(all: readonly Assessed[]): JsonObject[] {
  const resources = new Map(all.map(({ conclusion }) => [conclusion.stream, conclusion.resource]));
  return [...resources].map(([stream, resource]) => ({
    uuid: subjectUuid(stream),
    description: formatResource(resource),
    props: resourceProps(resource),
  }));
}

function resourceProps({ type, id, account, region }: ResourceRef): JsonObject[] {
  return [prop('resource-type', type), prop('resource-id', id), prop('account', account), prop('region', region)];
}

function subjectUuid(stream: Digest): string {
  return uuidOf('oscal-subject', stream);
}

function observation({ conclusion, satisfied, gaps }: Assessed): JsonObject {
  const { resource, remediator, stream, seq, digest, time, outcome, message, controls, execution } = conclusion;
  const hex = stream.slice('sha256:'.length);
  return {
    uuid: observationUuid(conclusion),
    title: line(`${remediator}: ${formatResource(resource)}`),
    description: paragraph(message, `The outcome is ${outcome}.`),
    props: [
      prop('outcome', outcome),
      prop('satisfied', String(satisfied)),
      prop('record', String(seq)),
      prop('gaps', String(gaps.length)),
      ...(execution === null ? [] : [prop('execution', execution.id)]),
      ...(execution?.verified == null ? [] : [prop('verified', execution.verified)]),
      ...controls.map((each) => prop('control', each)),
    ],
    methods: ['TEST'],
    types: ['control-objective'],
    subjects: [{ 'subject-uuid': subjectUuid(stream), type: 'inventory-item', title: line(formatResource(resource)) }],
    'relevant-evidence': [
      {
        // The same in a journal in a folder, and in a copy of one on AWS.
        href: `streams/${hex.slice(0, 2)}/${hex}.jsonl`,
        description: `Record ${seq} of the stream, ${digest}.`,
        props: [prop('digest', digest)],
      },
    ],
    collected: iso(time),
  };
}

function observationUuid({ stream, remediator, digest }: Conclusion): string {
  return uuidOf('oscal-observation', stream, remediator, digest);
}

function finding(control: string, of: readonly Assessed[], digest: string): JsonObject {
  const open = of.filter(({ satisfied }) => !satisfied).length;
  return {
    uuid: uuidOf('oscal-finding', control, digest),
    title: line(control),
    description: open === 0 ? `All ${of.length} resources are compliant.` : `${open} of ${of.length} resources are not compliant.`,
    props: [prop('resources', String(of.length)), prop('open', String(open)), prop('remediator', control)],
    target: {
      type: 'objective-id',
      'target-id': tokenOf(control),
      // There is no value in between.
      status: open === 0 ? { state: 'satisfied', reason: 'pass' } : { state: 'not-satisfied', reason: 'fail' },
    },
    'related-observations': of.map(({ conclusion }) => ({ 'observation-uuid': observationUuid(conclusion) })),
  };
}

function entry(conclusion: Conclusion): JsonObject {
  const { resource, remediator, outcome, message, execution, time, digest } = conclusion;
  return {
    uuid: uuidOf('oscal-entry', digest),
    title: line(`${remediator}: ${outcome}`),
    description: paragraph(message, `The outcome is ${outcome}.`),
    start: iso(Math.min(execution?.begun ?? time, time)),
    end: iso(time),
    props: [prop('execution', execution?.id ?? ''), prop('outcome', outcome), ...resourceProps(resource)],
  };
}

/** What is left to do, and the risk until then. */
function itemOf(each: Assessed, gap: Gap | null): { readonly item: JsonObject; readonly risk: JsonObject } {
  const { conclusion } = each;
  const { resource, remediator, stream, outcome: last, message: said, time } = conclusion;
  const { outcome, message, since } = gap ?? { outcome: last, message: said, since: time };
  const key = gap?.key ?? 'resource';
  const title = line(`${remediator}: ${formatResource(resource)}`);
  const description = paragraph(message, `The outcome is ${outcome}.`);
  const riskUuid = uuidOf('oscal-risk', stream, remediator, key);
  const accepted = outcome === 'exempt';
  const props = [
    prop('outcome', outcome),
    prop('since', iso(since)),
    ...(gap === null ? [] : [prop('gap', gap.key)]),
    ...(gap?.approval == null ? [] : [prop('approval', gap.approval)]),
  ];
  return {
    item: {
      uuid: uuidOf('oscal-item', stream, remediator, key),
      title,
      description,
      props,
      'related-observations': [{ 'observation-uuid': observationUuid(conclusion) }],
      'related-risks': [{ 'risk-uuid': riskUuid }],
    },
    risk: {
      uuid: riskUuid,
      title,
      description,
      statement: accepted ? 'A live exception covers it.' : 'The gap is open.',
      status: accepted ? 'deviation-approved' : 'open',
      ...(gap?.deadline == null ? {} : { deadline: iso(gap.deadline) }),
      'related-observations': [{ 'observation-uuid': observationUuid(conclusion) }],
    },
  };
}

function prop(name: string, value: string): JsonObject {
  return { name, ns: NS, value: line(value) };
}

/** Values and titles are one line that begins and ends with a visible character. */
function line(text: string): string {
  return text.replace(/[\s\p{C}]+/gu, ' ').trim() || '-';
}

function paragraph(message: string, otherwise: string): string {
  return message.trim() === '' ? otherwise : message;
}

/**
 * A text as a token. A token begins with a letter, so a bare `2.1.1` is not one. If the text had to be changed, a suffix keeps the result unique.
 *
 * @example tokenOf('2.1.1') // 'control-2.1.1-' and eight hexadecimal digits
 */
export function tokenOf(text: string): string {
  // Less than OSCAL allows, but every reader accepts it.
  if (/^[A-Za-z_][\w.-]*$/.test(text)) return text;
  return `control-${text.replace(/[^\w.-]/g, '_')}-${uuidOf('token', text).slice(0, 8)}`;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function grouped<T>(all: readonly T[], keyOf: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const known = groups.get(keyOf(each));
    if (known === undefined) groups.set(keyOf(each), [each]);
    else known.push(each);
  }
  return new Map([...groups].sort(([a], [b]) => compare(a, b)));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
