// Managed nodes and their compliance in front of the emulator, which has neither. Tags of instances are those of its EC2.
import { inFrontOf, json } from '../../../../tests/support/in-front.js';

type Item = { readonly ComplianceType: string; readonly Status: string; readonly Id: string; readonly Title: string; readonly Severity: string };

/** Listens on loopback; `put` says what a node complies with. */
export async function nodesInFrontOf(emulator: string) {
  const nodes = new Map<string, readonly Item[]>();
  const answers: Readonly<Record<string, (asked: never) => unknown>> = {
    DescribeInstanceInformation({ Filters = [] }: { readonly Filters?: readonly { readonly Key: string; readonly Values: readonly string[] }[] }) {
      const wanted = Filters.find(({ Key }) => Key === 'InstanceIds')?.Values;
      return {
        InstanceInformationList: [...nodes.keys()].filter((id) => wanted?.includes(id) ?? true).map((InstanceId) => ({ InstanceId, PingStatus: 'Online' })),
      };
    },
    ListComplianceItems({
      ResourceIds: [id = ''],
      Filters,
    }: {
      readonly ResourceIds: readonly string[];
      readonly Filters: readonly { readonly Key: 'ComplianceType' | 'Status'; readonly Values: readonly string[] }[];
    }) {
      const found = (nodes.get(id) ?? []).filter((item) => Filters.every(({ Key, Values }) => Values.includes(item[Key])));
      return { ComplianceItems: found.map((item) => ({ ...item, ResourceId: id, ResourceType: 'ManagedInstance' })) };
    },
  };
  const tags = new Map<string, { readonly Key: string; readonly Value: string }[]>();
  type Tagged = { readonly ResourceType: string; readonly ResourceId: string; readonly Tags?: readonly { readonly Key: string; readonly Value: string }[] };
  /** Machines from elsewhere have tags of Systems Manager; the emulator knows none of them. */
  const tagging = (operation: string, { ResourceType, ResourceId: id, Tags = [] }: Tagged) => {
    if (ResourceType !== 'ManagedInstance' || !operation.includes('Tags')) return null;
    const has = [...(tags.get(id) ?? []), ...Tags];
    tags.set(id, has);
    return operation === 'ListTagsForResource' ? { TagList: has } : {};
  };
  const front = await inFrontOf(emulator, ({ operation, body }) => {
    if (!body.startsWith('{')) return null;
    const asked = JSON.parse(body) as never;
    const answer = answers[operation]?.(asked) ?? tagging(operation, asked);
    return answer === null ? null : json(answer);
  });
  return { ...front, put: (id: string, items: readonly Item[]) => nodes.set(id, items) };
}
