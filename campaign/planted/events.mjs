// Deliberate defects in events.

const CORE = 'packages/core/src';

/** @type {import('./index.mjs').PlantedBug[]} */
export default [
  {
    promise: 'The account comes from the finding, never from the envelope.',
    defect: 'the account of the envelope goes first',
    file: `${CORE}/events/normalize.ts`,
    find: 'decoder(members(event.detail), context)',
    replace: 'decoder({ ...members(event.detail), awsAccountId: event.account, AwsAccountId: event.account }, context)',
    tests: ['packages/core/src/events', 'tests/unit'],
  },
  {
    promise: 'A canary of last week does not show that events arrive today.',
    defect: 'its age is not looked at',
    file: `${CORE}/events/canary.ts`,
    find: 'took <= CANARY_WITHIN',
    replace: 'took >= 0',
    tests: ['packages/core/src/events/canary.test.ts'],
  },
  {
    promise: 'An update of our own on a finding begins nothing.',
    defect: 'only those that a person sends on are known as ours',
    file: `${CORE}/events/sources/securityhub.ts`,
    find: "const echo = status.own === 'newest' && !status.custom;",
    replace: "const echo = status.own === 'newest' && status.custom;",
    tests: ['packages/core/src/events/normalize.test.ts'],
  },
  {
    promise: 'A finding that fails again after an update of our own is handled.',
    defect: 'it is taken for our update for ever',
    file: `${CORE}/events/sources/securityhub.ts`,
    find: 'writtenAt !== null && evaluatedAt !== null && Date.parse(evaluatedAt) > Date.parse(writtenAt)',
    replace: 'writtenAt === evaluatedAt && writtenAt === ""',
    tests: ['packages/core/src/events/normalize.test.ts'],
  },
  {
    promise: 'A finding of Prowler never shows that something is new.',
    defect: 'a finding shows what is new',
    file: `${CORE}/guardrails/freshness.ts`,
    find: "if (finding.kind === 'config-compliance-change') {",
    replace: "if (finding.kind === 'finding-imported') return 'all';\n  if (finding.kind === 'config-compliance-change') {",
    tests: ['tests/unit/events-table.test.ts'],
  },
  {
    promise: 'What is muted in Prowler is left alone.',
    defect: 'a muted finding in OCSF is a failed check',
    file: `${CORE}/events/sources/prowler.ts`,
    find: 'finding.status_id === 3',
    replace: 'finding.status_id === 99',
    tests: ['packages/core/src/events/normalize.test.ts'],
  },
  {
    promise: 'What a message unpacks to is bounded.',
    defect: 'gzip may unpack to anything',
    file: `${CORE}/events/unwrap.ts`,
    find: 'gunzipSync(value, { maxOutputLength: most })',
    replace: 'gunzipSync(value)',
    tests: ['packages/core/src/events/unwrap.test.ts'],
  },
  {
    promise: 'A result of a Config rule says what is so, not that it has just changed.',
    defect: 'it is a compliance change',
    file: `${CORE}/events/sources/config.ts`,
    find: "kind: 'config-compliance-detail',",
    replace: "kind: 'config-compliance-change',",
    tests: ['packages/core/src/events/normalize.test.ts'],
  },
  {
    promise: 'Each line of a log is held to the limit of a message.',
    defect: 'it may be as long as the whole',
    file: `${CORE}/events/unwrap.ts`,
    find: "typeof message === 'string' ? inside(message, wrapped, itemId, maxBytes)",
    replace: "typeof message === 'string' ? inside(message, wrapped, itemId, maxBytes * MAX_EXPANSION)",
    tests: ['packages/core/src/events/unwrap.test.ts'],
  },
  {
    promise: 'An evaluation by schedule is not taken for a record of the configuration.',
    defect: 'its tick counts as one',
    file: `${CORE}/events/sources/config.ts`,
    find: 'took > 0 && took < SCHEDULED_WITHIN ? null : triggered',
    replace: 'triggered',
    tests: ['packages/core/src/events/normalize.test.ts'],
  },
];
