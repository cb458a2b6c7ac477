import type { Remediator } from '@redress/core';
import { builtinLists } from '../builtin.js';
import { rangeOf, TOOLS } from './versions.js';
import type { NewFiles } from './write-new.js';

/** A package that is deployed as the handler: what it is made of, a policy under which everything only tells, and an empty register. */
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
      bundle: 'redress bundle --out dist',
      'template:hub': 'redress generate template hub',
      'template:member-role': 'redress generate template member-role',
      'template:member-events': 'redress generate template member-events',
    },
    dependencies: Object.fromEntries(['@redress/cli', '@redress/core', ...packages.map(([each]) => each)].sort().map((each) => [each, rangeOf(each)])),
    devDependencies: { '@types/node': TOOLS['@types/node'] },
  };
  return {
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    '.gitignore': 'node_modules/\ndist/\n.redress/\n.*.lock\n',
    'redress.config.mjs': `// What is here works the same on the command line and in the deployed function: \`redress bundle\` takes this file along.
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

# Everything only tells: no account is in an environment yet, and every mode below is notify. First name the accounts, lowest environment first:
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

\`npm run plan\` reads the account of your credentials, says what would be done and why not, and changes nothing. As it is, everything is only told.

## Deploy

\`\`\`sh
npm run bundle
npm run -s template:hub > hub.yaml
npm run -s template:member-role > member-role.yaml
npm run -s template:member-events > member-events.yaml
\`\`\`

The bundle in \`dist\` holds the policy and the register: a change of either is deployed like any other change of code. The templates hold the permissions of the
remediators in \`redress.config.mjs\`, so generate them anew when that list changes.

## Change what it may do

1. Name the accounts in \`environments\`.
2. Raise one remediator to \`approve\` or \`enforce\` in the lowest environment, and look at \`npm run plan\`.
3. Deploy. \`redress history\` and \`redress explain\` tell what was done.
`,
  };
}
