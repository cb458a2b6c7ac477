// What EC2 has and moto does not: defaults for instance metadata, Client VPN, logs of VPN tunnels, versions of launch templates that rest on another one.
import {
  CreateLaunchTemplateVersionCommand,
  DescribeLaunchTemplatesCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
  type RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2';
import { sdkConfig } from '@redress/testing';
import { type Answer, inFrontOf } from '../../../../tests/support/in-front.js';

type Fields = Readonly<Record<string, string | boolean | number | null>>;
const xml = (operation: string, result = '<return>true</return>'): Answer => ({
  type: 'text/xml',
  body: `<${operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${result}</${operation}Response>`,
});
const refused = (code: string): Answer => ({
  status: 400,
  type: 'text/xml',
  body: `<Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors><RequestID>r</RequestID></Response>`,
});
const members = (fields: Fields) =>
  Object.entries(fields)
    .map(([name, value]) => (value === null ? '' : `<${name}>${value}</${name}>`))
    .join('');
const items = (list: readonly string[]) => list.map((each) => `<item>${each}</item>`).join('');

/** A Client VPN endpoint or a VPN connection, with its tags. */
interface Tagged {
  tags: Record<string, string>;
}
interface Endpoint extends Tagged {
  log: Fields;
}
/** A tunnel of a VPN connection. */
export interface Tunnel {
  readonly address: string;
  up: boolean;
  log: Fields;
}
interface Connection extends Tagged {
  tunnels: Tunnel[];
}

/** What is played: tests write it as people would. */
export class Played {
  defaults: Fields = {};
  readonly endpoints = new Map<string, Endpoint>();
  readonly connections = new Map<string, Connection>();
  /** Tags of launch templates: moto shows those of the moment in which one was made, and lists fifteen. */
  readonly templates = new Map<string, Tagged>();
  private made = 0;

  endpoint(log: Fields, tags: Record<string, string> = {}): string {
    const id = `cvpn-endpoint-${String(++this.made).padStart(17, '0')}`;
    this.endpoints.set(id, { log, tags });
    return id;
  }

  connection(tunnels: Tunnel[], tags: Record<string, string> = {}): string {
    const id = `vpn-${String(++this.made).padStart(17, '0')}`;
    this.connections.set(id, { tunnels, tags });
    return id;
  }

  /** null: the emulator has it. */
  answer(operation: string, form: URLSearchParams): Answer | null {
    const named = (prefix: string) => [...form].flatMap(([key, value]) => (key.startsWith(`${prefix}.`) ? [value] : []));
    const fields = (prefix: string, as: (name: string) => string = (name) => name): Fields =>
      Object.fromEntries([...form].flatMap(([key, value]) => (key.startsWith(`${prefix}.`) ? [[as(key.slice(prefix.length + 1)), value]] : [])));
    const lower = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
    const tagSet = ({ tags }: Tagged) => `<tagSet>${items(Object.entries(tags).map(([key, value]) => members({ key, value })))}</tagSet>`;
    switch (operation) {
      case 'GetInstanceMetadataDefaults':
        return xml(operation, `<accountLevel>${members(this.defaults)}</accountLevel>`);
      case 'ModifyInstanceMetadataDefaults': {
        const tokens = form.get('HttpTokens');
        this.defaults = { ...this.defaults, httpTokens: tokens === 'no-preference' ? null : tokens };
        return xml(operation);
      }
      case 'CreateTags': {
        const found = named('ResourceId').flatMap((id): Tagged[] => {
          if (id.startsWith('lt-') && !this.templates.has(id)) this.templates.set(id, { tags: {} });
          const known = this.endpoints.get(id) ?? this.connections.get(id) ?? this.templates.get(id);
          return known === undefined ? [] : [known];
        });
        for (const each of found) each.tags[form.get('Tag.1.Key') ?? ''] = form.get('Tag.1.Value') ?? '';
        return found.length === 0 ? null : xml(operation);
      }
      case 'DescribeClientVpnEndpoints': {
        const asked = named('ClientVpnEndpointId');
        if (asked.some((id) => !this.endpoints.has(id))) return refused('InvalidClientVpnEndpointId.NotFound');
        const shown = [...this.endpoints].filter(([id]) => asked.length === 0 || asked.includes(id));
        const one = ([id, endpoint]: [string, Endpoint]) =>
          `<clientVpnEndpointId>${id}</clientVpnEndpointId><status><code>available</code></status><creationTime>2026-01-01T00:00:00</creationTime><splitTunnel>true</splitTunnel>` +
          `<connectionLogOptions>${members(endpoint.log)}</connectionLogOptions>${tagSet(endpoint)}`;
        return xml(operation, `<clientVpnEndpoint>${items(shown.map(one))}</clientVpnEndpoint>`);
      }
      case 'ModifyClientVpnEndpoint': {
        const found = this.endpoints.get(form.get('ClientVpnEndpointId') ?? '');
        if (found === undefined) return refused('InvalidClientVpnEndpointId.NotFound');
        const log = fields('ConnectionLogOptions');
        // EC2 makes a stream where none is named.
        found.log = log['Enabled'] === 'true' ? { ...log, CloudwatchLogStream: log['CloudwatchLogStream'] ?? 'made-by-ec2' } : { Enabled: false };
        return xml(operation);
      }
      case 'DescribeVpnConnections': {
        const asked = named('VpnConnectionId');
        if (asked.some((id) => !this.connections.has(id))) return refused('InvalidVpnConnectionID.NotFound');
        const shown = [...this.connections].filter(([id]) => asked.length === 0 || asked.includes(id));
        const one = ([id, connection]: [string, Connection]) =>
          `<vpnConnectionId>${id}</vpnConnectionId><state>available</state><type>ipsec.1</type>${tagSet(connection)}` +
          `<options><tunnelOptionSet>${items(connection.tunnels.map(({ address, log }) => `<outsideIpAddress>${address}</outsideIpAddress><preSharedKey>not-to-be-kept</preSharedKey><logOptions><cloudWatchLogOptions>${members(log)}</cloudWatchLogOptions></logOptions>`))}</tunnelOptionSet></options>` +
          `<vgwTelemetry>${items(connection.tunnels.map(({ address, up }) => members({ outsideIpAddress: address, status: up ? 'UP' : 'DOWN' })))}</vgwTelemetry>`;
        return xml(operation, `<vpnConnectionSet>${items(shown.map(one))}</vpnConnectionSet>`);
      }
      case 'ModifyVpnTunnelOptions': {
        const tunnel = this.connections
          .get(form.get('VpnConnectionId') ?? '')
          ?.tunnels.find(({ address }) => address === form.get('VpnTunnelOutsideIpAddress'));
        if (tunnel === undefined) return refused('InvalidVpnConnectionID.NotFound');
        tunnel.log = { ...tunnel.log, ...fields('TunnelOptions.LogOptions.CloudWatchLogOptions', lower) };
        tunnel.up = false;
        return xml(operation);
      }
      default:
        return null;
    }
  }
}

/** Lists, by how a form names them. */
const LISTS: Readonly<Record<string, string>> = { BlockDeviceMapping: 'BlockDeviceMappings', NetworkInterface: 'NetworkInterfaces', SecurityGroupId: 'Groups' };

/** The launch template data of a form: `LaunchTemplateData.NetworkInterface.1.SubnetId` is `{ NetworkInterfaces: [{ SubnetId }] }`. */
function dataIn(form: URLSearchParams): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const [key, value] of form) {
    const [top, ...path] = key.split('.');
    if (top !== 'LaunchTemplateData') continue;
    let at = data;
    while (path.length > 1) {
      const [name = '', next = ''] = path;
      const isList = /^\d+$/.test(next);
      const as = isList ? (LISTS[name] ?? name) : name;
      at[as] ??= isList ? [] : {};
      at = at[as] as Record<string, unknown>;
      path.shift();
      if (!isList) continue;
      path.shift();
      if (path.length === 0) {
        (at as unknown as unknown[]).push(value);
        break;
      }
      const place = Number(next) - 1;
      (at as unknown as unknown[])[place] ??= {};
      at = (at as unknown as Record<string, unknown>[])[place] as Record<string, unknown>;
    }
    const [last] = path;
    if (last !== undefined) at[last] = value;
  }
  return data;
}

/** EC2 of moto, with what is played in front of it. */
export async function playedEc2(emulator: string) {
  const played = new Played();
  const front = await inFrontOf(emulator, async ({ operation, body }) => {
    const form = new URLSearchParams(body);
    const [LaunchTemplateId, SourceVersion] = [form.get('LaunchTemplateId') ?? '', form.get('SourceVersion')];
    const copies = operation === 'CreateLaunchTemplateVersion' && SourceVersion !== null;
    if (!copies && operation !== 'DescribeLaunchTemplates') return played.answer(operation, form);
    const client = new EC2Client(sdkConfig(emulator, 'us-east-1'));
    try {
      if (!copies) {
        const LaunchTemplateIds = [...form].flatMap(([key, value]) => (key.startsWith('LaunchTemplateId.') ? [value] : []));
        const { LaunchTemplates = [] } = await client.send(
          new DescribeLaunchTemplatesCommand({ ...(LaunchTemplateIds.length === 0 ? {} : { LaunchTemplateIds }), MaxResults: 10_000 }),
        );
        const one = (id: string) =>
          `<launchTemplateId>${id}</launchTemplateId><tagSet>${items(Object.entries(played.templates.get(id)?.tags ?? {}).map(([key, value]) => members({ key, value })))}</tagSet>`;
        return xml(operation, `<launchTemplates>${items(LaunchTemplates.map((each) => one(each.LaunchTemplateId ?? '')))}</launchTemplates>`);
      }
      // moto starts from nothing. EC2 starts from the source, without its snapshots, and replaces each parameter that is named.
      const source = await client.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [SourceVersion] }));
      const { BlockDeviceMappings: devices, ...rest } = source.LaunchTemplateVersions?.[0]?.LaunchTemplateData ?? {};
      const without = devices?.map(({ Ebs, ...each }) => (Ebs === undefined ? each : { ...each, Ebs: { ...Ebs, SnapshotId: undefined } }));
      const merged = { ...rest, ...(without === undefined ? {} : { BlockDeviceMappings: without }), ...dataIn(form) } as RequestLaunchTemplateData;
      const made = await client.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateId, LaunchTemplateData: merged }));
      const version = { launchTemplateId: LaunchTemplateId, versionNumber: made.LaunchTemplateVersion?.VersionNumber ?? 0 };
      return xml(operation, `<launchTemplateVersion>${members(version)}</launchTemplateVersion>`);
    } catch (error) {
      return refused((error as Error).name);
    } finally {
      client.destroy();
    }
  });
  return { played, endpoint: front.endpoint, close: () => front.close() };
}
