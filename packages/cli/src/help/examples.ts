/** What a command is called with, and what that does. */
export interface Example {
  readonly command: string;
  readonly does: string;
}

const of = (...examples: readonly (readonly [command: string, does: string])[]): readonly Example[] =>
  examples.map(([command, does]) => ({ command: `redress ${command}`, does }));

const SAMPLE = 'examples/events/security-group-opened.json';

/** By path of the command, as `redress` is called. Files below `examples/` are in the repository. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  '': of(['plan --live', 'the account of your credentials; changes nothing'], [`plan ${SAMPLE}`, 'what would be done about an event']),
  normalize: of([`normalize ${SAMPLE}`, 'what is read from an event'], ['normalize examples/events', 'from every file of a folder']),
  plan: of(
    ['plan --live', 'the account of your credentials'],
    ['plan --live --accounts all --in eu-west-1 us-east-1', 'all accounts of the organization'],
    [`plan ${SAMPLE} --details`, 'one event, each change as a difference'],
    ['plan --live --output csv', 'one gap per row'],
  ),
  run: of([`run ${SAMPLE}`, 'handle an event end to end']),
  sweep: of(
    ['sweep', 'the account of your credentials'],
    ['sweep --accounts ou-ab12-cdefgh34 --in all --concurrency 20', 'an organizational unit, in all regions'],
  ),
  replay: of(['replay examples/events --against next.yaml', 'which outcomes differ under another policy']),
  rollback: of(
    ['rollback x-0mwu3vwn4-2c73187ae8 --reason "vendor window"', 'one execution'],
    ['rollback --all --since PT1H --reason "wrong policy"', 'shows what would be rolled back in the last hour'],
    ['rollback --all --since PT1H --reason "wrong policy" --yes', 'does it'],
  ),
  'approvals list': of(['approvals list', 'what needs an approval, why, and who caused it']),
  'approvals show': of(['approvals show a-0mwu3vwn4', 'the plan, with its blind spots']),
  'approvals approve': of(['approvals approve a-0mwu3vwn4 --reason "checked with the owner"', 'carries out the plan']),
  'approvals deny': of(['approvals deny a-0mwu3vwn4 --reason "needed until Friday"', 'leaves the resource as it is']),
  'breakers list': of(['breakers list', 'remediators that make no changes at the moment']),
  'breakers close': of(['breakers close ec2-revoke-sg-open-ssh --account 111111111111 --reason "fixed the role"', 'it may make changes again']),
  retry: of(['retry sg-0123456789abcdef0 --reason "role corrected"', 'tries again what AWS refused']),
  attest: of(['attest incident-plan-tested --account 111111111111 --until 2027-06-30 --evidence https://example.com/drill', 'closes the gap until then']),
  'exceptions list': of(['exceptions list', 'list every entry, and how often it was used']),
  'exceptions check': of(['exceptions check --within 30d', 'entries that end in the next 30 days']),
  'exceptions add': of([
    'exceptions add EXC-42 --resource sg-0123456789abcdef0 --reason "vendor access" --owner payments --approver security --expires 90d',
    'accepts a risk for 90 days',
  ]),
  'exceptions expire': of(['exceptions expire EXC-42', 'ends an entry now']),
  recover: of(['recover', 'closes executions whose worker is gone']),
  doctor: of(['doctor', 'policy, register and journal'], ['doctor --live --stack redress-hub', 'also the account and the deployment']),
  history: of(['history sg-0123456789abcdef0', 'what changed on a resource'], ['history --since P7D --output csv', 'the last week, one entry per row']),
  report: of(['report --from 2026-07-01 --to 2026-09-30 --out q3', 'a quarter']),
  explain: of(['explain sg-0123456789abcdef0', 'why it acted or did not']),
  reconcile: of(
    ['reconcile examples/trail', 'records against log files of CloudTrail'],
    ['reconcile --lookup --since P1D', 'against the last day of CloudTrail'],
  ),
  'evidence verify': of(['evidence verify', 'every record, offline']),
  'evidence key': of(['evidence key --origin example.com/redress', 'makes the key that seals']),
  'evidence seal': of(['evidence seal', 'signs a checkpoint']),
  'evidence rotate': of(['evidence rotate --reason "yearly"', 'replaces the key that seals']),
  'evidence break': of(['evidence break --lost example.com/redress+1a2b3c4d --reason "the disk died"', 'continues with a new key after the key was lost']),
  'evidence restored': of(['evidence restored --reason "restored from backup"', 'allows the use of a restored table']),
  'evidence proof': of(['evidence proof sg-0123456789abcdef0/3', 'the proof of one record']),
  'evidence bundle': of(['evidence bundle --resource sg-0123456789abcdef0', 'all records of a resource']),
  'evidence export': of(['evidence export --journal aws:redress-journal/redress-evidence --out copy', 'a copy of a journal on AWS']),
  console: of(['console', 'the pages of the report on this machine, and what needs an approval']),
  remediators: of(['remediators', 'all remediators, and what the policy allows them']),
  coverage: of(['coverage --pack apra-cpg-234', 'rules of a conformance pack']),
  patterns: of(['patterns --remediator ec2-revoke-sg-open-ssh', 'the pattern of one remediator']),
  'generate template': of(['generate template hub', 'the CloudFormation template of the hub']),
  'generate iam': of(['generate iam fix --account 111111111111', 'the policy of the role that fixes']),
  'generate ssm-document': of(['generate ssm-document', 'for remediations of AWS Config']),
  'generate conformance-pack': of(['generate conformance-pack --out pack', 'files for a bucket']),
  'generate fsbp': of(['generate fsbp --format csv', 'one control per row']),
  bundle: of(['bundle --out redress-bundle', 'the code of the functions as a ZIP']),
  up: of(['up --python .venv/bin/python', 'starts an emulator, and watches it'], ['up --endpoint-url http://127.0.0.1:5000', 'watches a running one']),
  'up inject': of(['up inject examples/events/security-hub-finding.json', 'a finding that no emulator sends']),
  'new remediator': of(['new remediator acme-dynamodb-protect-tables', 'a package with a test']),
  'new handler': of(['new handler our-redress', 'a folder with policy and register']),
  schema: of(['schema policy', 'for an editor']),
  'policy check': of(['policy check', 'what redress.yaml means']),
  completion: of(
    ['completion bash > /etc/bash_completion.d/redress', 'for all users of bash'],
    ['completion zsh > ~/.zsh/_redress', 'for zsh, in a folder of fpath'],
    ['completion fish > ~/.config/fish/completions/redress.fish', 'for fish'],
  ),
  man: of(['man > redress.1', 'to be read by `man ./redress.1`']),
};
