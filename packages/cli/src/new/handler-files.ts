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
    'redress.config.mjs': `// The command line and the deployed functions both use this file: \`redress bundle\` includes it.
${packages.map(([module, list]) => `import { ${list} } from '${module}';`).join('\n')}

export default {
  // A remediator that is not in this list does nothing. Add your own: \`redress new remediator NAME\`.
  remediators: [${packages.map(([, list]) => `...${list}`).join(', ')}],
  // Guardrails of your own go here. They are added to the built-in ones, and can only restrict.
  guardrails: [],
};
`,
    'redress.yaml': `# The policy. \`npm run check\` explains it. \`redress schema policy\` prints its JSON Schema for editors.
version: 1

# Everything only notifies: no account is in an environment yet, and every mode below is notify. First name the accounts, lowest environment first:
#
# environments:
#   dev:  { accounts: ["111111111111"] }
#   prod: { accounts: ["333333333333"], after: { environment: dev, fixes: 5, bake: P7D } }
# approvers:
#   prod: ["arn:aws:iam::333333333333:role/SecurityLead"]
#
# Then raise a remediator, one at a time: { dev: enforce, prod: approve }. With more than one environment, give a mode for each.

remediators:
${remediators.map(({ id, title, ceiling }) => `  ${id}: notify # ${title}${ceiling === 'notify' ? '; its ceiling is notify' : ceiling === 'approve' ? '; its ceiling is approve' : ''}`).join('\n')}

exceptions: { tag: "redress:exception", register: exceptions.yaml }

# A change of what CloudFormation or Terraform manages needs an approval: the next deployment would undo it.
managedByIac: approve
`,
    'exceptions.yaml': `# The exceptions register: accepted risks, each with an owner, an approver who is not the owner, and an expiry date.
# \`redress exceptions add\` adds entries. \`npm run exceptions\` lists those that expire soon.
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

Our deployment of Redress: its remediators (\`redress.config.mjs\`), what they may do (\`redress.yaml\`), and the exceptions (\`exceptions.yaml\`).

## Use

\`\`\`sh
npm install
npm run check
npm run plan
\`\`\`

Until Redress is on npm, first run \`npm run registry\` in its repository, and put the line that it prints into \`.npmrc\` here.

\`npm run plan\` reads the account of your credentials. It shows what would be done, or why not, and changes nothing. For now, every remediator only notifies.

## Deploy

Deploy in this order, with a bucket for code (CODE-BUCKET) in the region of the hub. Everything only notifies until you change the policy.

1. The code. It contains the policy and the register: a change of either is deployed like a change of code.

\`\`\`sh
npm run bundle
aws s3 cp dist/redress.zip s3://CODE-BUCKET/redress-1.zip
\`\`\`

2. The hub, once. \`npm run bundle\` has printed PolicyDigest and RegisterDigest.

\`\`\`sh
npx redress generate template hub --format json > hub.json
node -p "crypto.randomUUID()" > external-id
aws cloudformation deploy --stack-name redress --template-file hub.json --capabilities CAPABILITY_IAM \\
  --s3-bucket CODE-BUCKET --parameter-overrides CodeBucket=CODE-BUCKET CodeKey=redress-1.zip ExternalId=$(cat external-id) PolicyDigest=sha256:… RegisterDigest=sha256:…
\`\`\`

3. Each member account. The description of each output of the hub says which parameter it is for. Deploy the events in each region that you use and in us-east-1, but not in the account and region of the hub.

\`\`\`sh
npx redress generate template member-role --format json > member-role.json
npx redress generate template member-events --format json > member-events.json
aws cloudformation deploy --stack-name redress-roles --template-file member-role.json --capabilities CAPABILITY_NAMED_IAM \\
  --s3-bucket CODE-BUCKET --parameter-overrides ExternalId=$(cat external-id) HubRoleArns=… RollbackRoleArns=…
aws cloudformation deploy --stack-name redress-events --template-file member-events.json --capabilities CAPABILITY_IAM \\
  --s3-bucket CODE-BUCKET --parameter-overrides HubBusArn=…
\`\`\`

The templates contain the permissions of the remediators in \`redress.config.mjs\`: generate and deploy them again when that list changes. For all parameters, several accounts and regions, and the sealer, see docs/deploy.md of Redress.

## Change what it may do

1. Name the accounts in \`environments\`.
2. Raise one remediator to \`approve\` or \`enforce\` in the lowest environment, and review \`npm run plan\`.
3. Deploy. \`redress history\` and \`redress explain\` show what was done, and why.
`,
  };
}
