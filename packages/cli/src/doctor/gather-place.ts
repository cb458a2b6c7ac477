import { CloudTrailClient, DescribeTrailsCommand, type EventSelector, GetEventSelectorsCommand, GetTrailStatusCommand } from '@aws-sdk/client-cloudtrail';
import {
  ConfigServiceClient,
  DescribeConfigurationRecorderStatusCommand,
  DescribeConfigurationRecordersCommand,
  DescribeDeliveryChannelsCommand,
} from '@aws-sdk/client-config-service';
import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand, type Rule } from '@aws-sdk/client-eventbridge';
import { DescribeHubCommand, SecurityHubClient } from '@aws-sdk/client-securityhub';
import { type Connection, type Fact, isRecord, type JsonObject } from '@redress/core';
import { fact, factOrNone } from './fact.js';
import type { PlaceFacts, RecorderFact, RuleFact, TrailFact } from './facts.js';

/** Reads what a region of an account looks like. */
export async function gatherPlace({ config }: Pick<Connection, 'config'>, account: string, region: string): Promise<PlaceFacts> {
  const [trails, recorder, rules, securityHub] = await Promise.all([
    gatherTrails(config),
    gatherConfig(config),
    gatherRules(config),
    gatherSecurityHub(config),
  ]);
  return { account, region, trails, ...recorder, rules, securityHub };
}

/** CloudTrail. */
async function gatherTrails(config: object): Promise<Fact<readonly TrailFact[]>> {
  const client = new CloudTrailClient(config);
  try {
    return await fact('cloudtrail:DescribeTrails', async () => {
      const { trailList = [] } = await client.send(new DescribeTrailsCommand({ includeShadowTrails: true }));
      return Promise.all(
        trailList.map(async (trail): Promise<TrailFact> => {
          // A trail of another region is known by its ARN only.
          const id = trail.TrailARN ?? trail.Name ?? '';
          return {
            name: trail.Name ?? id,
            homeRegion: trail.HomeRegion ?? '',
            multiRegion: trail.IsMultiRegionTrail === true,
            logging: await fact('cloudtrail:GetTrailStatus', async () => {
              const status = await client.send(new GetTrailStatusCommand({ Name: id }));
              const error = status.LatestDeliveryError ?? '';
              return { on: status.IsLogging === true, deliveryError: error === '' ? null : error };
            }),
            writes: await fact('cloudtrail:GetEventSelectors', async () => {
              const { EventSelectors = [], AdvancedEventSelectors = [] } = await client.send(new GetEventSelectorsCommand({ TrailName: id }));
              // A trail without any selector records all management events.
              if (EventSelectors.length === 0 && AdvancedEventSelectors.length === 0) return true;
              return EventSelectors.some(recordsWrites) || AdvancedEventSelectors.some(({ FieldSelectors = [] }) => advancedRecordsWrites(FieldSelectors));
            }),
          };
        }),
      );
    });
  } finally {
    client.destroy();
  }
}

function recordsWrites({ IncludeManagementEvents, ReadWriteType }: EventSelector): boolean {
  return IncludeManagementEvents !== false && ReadWriteType !== 'ReadOnly';
}

function advancedRecordsWrites(fields: readonly { Field?: string | undefined; Equals?: string[] | undefined; NotEquals?: string[] | undefined }[]): boolean {
  const management = fields.some((each) => each.Field === 'eventCategory' && each.Equals?.includes('Management') === true);
  const reads = fields.some((each) => each.Field === 'readOnly' && (each.Equals?.includes('false') === false || each.NotEquals?.includes('false') === true));
  return management && !reads;
}

/** AWS Config. */
async function gatherConfig(config: object): Promise<Pick<PlaceFacts, 'recorders' | 'channels'>> {
  const client = new ConfigServiceClient(config);
  try {
    const recorders = await fact('config:DescribeConfigurationRecorders', async () => {
      const { ConfigurationRecorders = [] } = await client.send(new DescribeConfigurationRecordersCommand({}));
      const { ConfigurationRecordersStatus = [] } = await client.send(new DescribeConfigurationRecorderStatusCommand({}));
      return ConfigurationRecorders.map(({ name = '', recordingGroup = {}, recordingMode }): RecorderFact => {
        const status = ConfigurationRecordersStatus.find((each) => each.name === name);
        return {
          name,
          recording: status?.recording === true,
          lastStatus: status?.lastStatus?.toUpperCase() ?? null,
          all: recordingGroup.allSupported === true,
          global: recordingGroup.includeGlobalResourceTypes === true,
          types: recordingGroup.resourceTypes ?? [],
          except: recordingGroup.exclusionByResourceTypes?.resourceTypes ?? [],
          daily: recordingMode?.recordingFrequency === 'DAILY',
        };
      });
    });
    const channels = await fact('config:DescribeDeliveryChannels', async () => {
      const { DeliveryChannels = [] } = await client.send(new DescribeDeliveryChannelsCommand({}));
      return DeliveryChannels.length;
    });
    return { recorders, channels };
  } finally {
    client.destroy();
  }
}

/** EventBridge: rules of the default bus, where AWS sends its events. */
async function gatherRules(config: object): Promise<Fact<readonly RuleFact[]>> {
  const client = new EventBridgeClient(config);
  try {
    return await fact('events:ListRules', async () => {
      const rules: Rule[] = [];
      let next: string | undefined;
      do {
        const page = await client.send(new ListRulesCommand({ ...(next === undefined ? {} : { NextToken: next }) }));
        rules.push(...(page.Rules ?? []));
        next = page.NextToken;
      } while (next !== undefined);
      const found: RuleFact[] = [];
      for (const rule of rules) {
        // A rule of an AWS service is none of ours.
        if (rule.Name === undefined || rule.ManagedBy !== undefined) continue;
        const { Targets = [] } = await client.send(new ListTargetsByRuleCommand({ Rule: rule.Name }));
        found.push({
          name: rule.Name,
          enabled: rule.State !== 'DISABLED',
          pattern: rule.EventPattern === undefined ? null : parsed(rule.EventPattern),
          targets: Targets.map((target) => ({ arn: target.Arn ?? '', deadLetters: target.DeadLetterConfig?.Arn ?? null })),
        });
      }
      return found;
    });
  } finally {
    client.destroy();
  }
}

function parsed(text: string): JsonObject | null {
  const value: unknown = JSON.parse(text);
  return isRecord(value) ? (value as JsonObject) : null;
}

/** Security Hub. */
async function gatherSecurityHub(config: object): Promise<Fact<boolean>> {
  const client = new SecurityHubClient(config);
  try {
    const hub = await factOrNone('securityhub:DescribeHub', /^(?:InvalidAccessException|ResourceNotFoundException)$/, () =>
      client.send(new DescribeHubCommand({})),
    );
    return hub.ok ? { ok: true, value: hub.value !== null } : hub;
  } finally {
    client.destroy();
  }
}
