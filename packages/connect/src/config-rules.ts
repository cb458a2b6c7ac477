import { type AwsReads, type ConfigRule, type ConfigRuleReader, defineService, isGone, isRecord } from '@redress/core';

const config = defineService({
  id: 'config',
  load: () => import('./config-sdk.js'),
  client: 'ConfigServiceClient',
  operations: { DescribeConfigRules: {} },
});
const reads = [config.pick('DescribeConfigRules')] as const;

/**
 * Reads the rules of AWS Config in the account of a finding. They show what a rule is if an organization, a StackSet or an accelerator has given it another
 * name, and how it is configured. The read role needs `config:DescribeConfigRules`.
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

/** They are JSON in a text. Its values are mostly texts. */
function parametersOf(text: string | undefined): Readonly<Record<string, string>> {
  const parsed: unknown = text === undefined || text.trim() === '' ? {} : JSON.parse(text);
  if (!isRecord(parsed)) throw new Error('DescribeConfigRules gave parameters that are not an object.');
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([key, value]) => (['string', 'number', 'boolean'].includes(typeof value) ? [[key, String(value)]] : [])),
  );
}
