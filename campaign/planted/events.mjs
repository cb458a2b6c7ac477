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
];
