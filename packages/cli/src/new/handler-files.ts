import type { Remediator } from '@redress/core';
import { builtinLists } from '../builtin.js';
import { rangeOf, TOOLS } from './versions.js';
import type { NewFiles } from './write-new.js';

/** A package that is deployed as the handler: what it is made of, a policy under which everything only notifies, and an empty register. */
export function handlerFiles(name: string, remediators: readonly Pick<Remediator, 'id' | 'title' | 'ceiling'>[]): NewFiles {
  const packages = Object.entries(builtinLists)
    .map(([module, { name: list }]) => [module, list] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const manifest = {
    name,
    version: '0.0.0',
    private: true,
    description: 'Our Redress: remediators, policy and exceptions',
    type: 'module',
    engines: { node: '>=22.19' },
    scripts: {
      check: 'redress policy check',
      plan: 'redress plan --live',
      exceptions: 'redress exceptions check',
      bundle: 'redress bundle --out dist --prove',
    },
    dependencies: Object.fromEntries(['@redress/cli', '@redress/core', ...packages.map(([each]) => each)].sort().map((each) => [each, rangeOf(each)])),
    devDependencies: { '@types/node': TOOLS['@types/node'] },
  };
  return {
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    '.gitignore': 'node_modules/\ndist/\n.redress/\n.*.lock\n',
    'redress.config.mjs': `// What is here works the same on the command line and in the deployed function: \`redress bundle\` includes this file.
${packages.map(([module, list]) => `import { ${list} } from '${module}';`).join('\n')}

export default {
  // A remediator that is not in this list does nothing at all. Add your own: \`redress new remediator NAME\`.
  remediators: [${packages.map(([, list]) => `...${list}`).join(', ')}],
  // Guardrails of your own go here. They are added to the built-in ones, and can only restrict.
  guardrails: [],
};
`,
    'redress.yaml': `# The policy. \`npm run check\` says what it means, \`redress schema policy\` gives editors what is allowed.
version: 1

# Everything only notifies: no account is in an environment yet, and every mode below is notify. First name the accounts, lowest environment first:
#
# environments:
#   dev:  { accounts: ["111111111111"] }
#   prod: { accounts: ["333333333333"], after: { environment: dev, fixes: 5, bake: P7D } }
# approvers:
#   prod: ["arn:aws:iam::333333333333:role/SecurityLead"]
#
# Then raise a remediator, one at a time: { dev: enforce, prod: approve }. With more than one environment each mode says for which it is.

remediators:
${remediators.map(({ id, title, ceiling }) => `  ${id}: notify # ${title}${ceiling === 'notify' ? '; it can do no more' : ceiling === 'approve' ? '; at most it asks' : ''}`).join('\n')}

exceptions: { tag: "redress:exception", register: exceptions.yaml }

# What CloudFormation or Terraform manages is asked about before it is changed: the next deployment would undo it.
managedByIac: approve
`,
    'exceptions.yaml': `# The exceptions register: accepted risks, with an owner, an approver who is someone else, and an end.
# \`redress exceptions add\` writes entries, \`npm run exceptions\` says which end soon.
#
# - id: EXC-1
#   scope: { account: "111111111111", resource: sg-0123456789abcdef0, remediators: [ec2-revoke-sg-open-ssh] }
#   reason: vendor support window
#   owner: payments-team
#   approver: security-team
#   expires: "2027-03-31T00:00:00Z"
[]
`,
    'README.md': `# ${name}

Our Redress: which remediators there are (\`redress.config.mjs\`), what they may do (\`redress.yaml\`), and what is left alone (\`exceptions.yaml\`).

## Use

\`\`\`sh
npm install
npm run check
npm run plan
\`\`\`

As long as Redress is not on npm, run \`npm run registry\` in its repository first, and put the line that it prints into \`.npmrc\` here.

\`npm run plan\` reads the account of your credentials, says what would be done and why not, and changes nothing. As it is, every remediator only notifies.

## Deploy

In this order, with a bucket for code (CODE-BUCKET) in the region of the hub. Everything only notifies until the policy says otherwise.

1. The code. It holds the policy and the register: a change of either is deployed like any other change of code.

\`\`\`sh
npm run bundle
aws s3 cp dist/redress.zip s3://CODE-BUCKET/redress-1.zip
\`\`\`

2. The hub, once. PolicyDigest and RegisterDigest are what the bundle has printed.

\`\`\`sh
npx redress generate template hub --format json > hub.json
node -p "crypto.randomUUID()" > external-id
aws cloudformation deploy --stack-name redress --template-file hub.json --capabilities CAPABILITY_IAM \\
  --s3-bucket CODE-BUCKET --parameter-overrides CodeBucket=CODE-BUCKET CodeKey=redress-1.zip ExternalId=$(cat external-id) PolicyDigest=sha256:… RegisterDigest=sha256:…
\`\`\`

3. Each account that is worked on. The outputs of the hub say which parameter they are for. The events are needed in each region that is used and in us-east-1, but not where the hub is.

\`\`\`sh
npx redress generate template member-role --format json > member-role.json
npx redress generate template member-events --format json > member-events.json
aws cloudformation deploy --stack-name redress-roles --template-file member-role.json --capabilities CAPABILITY_NAMED_IAM \\
  --s3-bucket CODE-BUCKET --parameter-overrides ExternalId=$(cat external-id) HubRoleArns=… RollbackRoleArns=…
aws cloudformation deploy --stack-name redress-events --template-file member-events.json --capabilities CAPABILITY_IAM \\
  --s3-bucket CODE-BUCKET --parameter-overrides HubBusArn=…
\`\`\`

The templates hold the permissions of the remediators in \`redress.config.mjs\`: generate and deploy them again when that list changes. All parameters, several accounts and regions, and the sealer: docs/deploy.md of Redress.

## Change what it may do

1. Name the accounts in \`environments\`.
2. Raise one remediator to \`approve\` or \`enforce\` in the lowest environment, and look at \`npm run plan\`.
3. Deploy. \`redress history\` and \`redress explain\` say what was done.
`,
  };
}
