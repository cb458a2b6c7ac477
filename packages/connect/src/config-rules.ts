import { type AwsReads, type ConfigRule, type ConfigRuleReader, defineService, isGone, isRecord } from '@redress/core';

const config = defineService({
  id: 'config',
  load: () => import('./config-sdk.js'),
  client: 'ConfigServiceClient',
  operations: { DescribeConfigRules: {} },
});
const reads = [config.pick('DescribeConfigRules')] as const;

/**
 * Reads the rules of AWS Config in the account that a finding is of: what a rule is that an organisation, a StackSet or an accelerator has given
 * a name of its own, and what it was configured to look for. The role that looks needs `config:DescribeConfigRules`.
 *
 * @example createRedress({ …, connect: connectAws(), configRules: readConfigRules() })
 * @see https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeConfigRules.html
 */
export function readConfigRules(): ConfigRuleReader {
  return {
    reads,
    async read({ aws, name }): Promise<ConfigRule | null> {
      const { config: service } = aws as AwsReads<typeof reads>;
      try {
        const found = (await service.DescribeConfigRules({ ConfigRuleNames: [name] })).ConfigRules?.find((each) => each.ConfigRuleName === name);
        if (found === undefined) return null;
        const managed = found.Source?.Owner === 'AWS' ? (found.Source.SourceIdentifier ?? null) : null;
        return { name, identifier: managed, parameters: parametersOf(found.InputParameters) };
      } catch (error) {
        if (isGone(error)) return null;
        throw error;
      }
    },
  };
}

/** They are JSON in a text, and what is in it are texts, mostly. */
function parametersOf(text: string | undefined): Readonly<Record<string, string>> {
  const parsed: unknown = text === undefined || text.trim() === '' ? {} : JSON.parse(text);
  if (!isRecord(parsed)) throw new Error('DescribeConfigRules gave parameters that are not an object.');
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([key, value]) => (['string', 'number', 'boolean'].includes(typeof value) ? [[key, String(value)]] : [])),
  );
}
