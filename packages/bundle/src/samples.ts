import { NormalizedSchema } from '@smithy/core/schema';

/** The schemas of an operation, as the SDK's commands carry them. */
export interface OperationSchemas {
  readonly name: string;
  readonly input: NormalizedSchema;
  readonly output: NormalizedSchema;
}

/** What a server answers. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Deeper structures are cut off: some contain themselves. */
const DEEPEST = 6;
/** A time that is written as such also where others are not: in a header. */
const DATE_TIME = 5;
const WHEN = new Date('2026-01-02T03:04:05Z');

/** Reads the schemas of a command: `[9, namespace, name, traits, input, output]`. */
export function schemasOf(command: { readonly schema?: unknown }): OperationSchemas {
  const schema = (typeof command.schema === 'function' ? command.schema() : command.schema) as [number, string, string, unknown, never, never];
  return { name: schema[2], input: NormalizedSchema.of(schema[4]), output: NormalizedSchema.of(schema[5]) };
}

/** An input with every member that the operation knows, so that every name that can go over the wire does. */
export function sampleInput(schema: NormalizedSchema, depth = 0, name = 'value'): unknown {
  if (schema.isStructSchema() || schema.isUnionSchema()) {
    // A length that is not that of the body would have the server wait for the rest.
    const members = [...schema.structIterator()].filter(([, member]) => String(member.getMergedTraits().httpHeader).toLowerCase() !== 'content-length');
    // Of a union exactly one.
    const used = schema.isUnionSchema() ? members.slice(0, 1) : members;
    return Object.fromEntries(used.flatMap(([key, member]) => (depth >= DEEPEST ? [] : [[key, sampleInput(member, depth + 1, key)]])));
  }
  if (schema.isListSchema()) return depth >= DEEPEST ? [] : [0, 1].map((index) => sampleInput(schema.getValueSchema(), depth + 1, `${name}-${index}`));
  if (schema.isMapSchema()) return depth >= DEEPEST ? {} : { [`${name}-key`]: sampleInput(schema.getValueSchema(), depth + 1, name) };
  if (schema.isTimestampSchema()) return WHEN;
  if (schema.isBlobSchema()) return new TextEncoder().encode(`${name} <&>`);
  if (schema.isBooleanSchema()) return true;
  if (schema.isBigIntegerSchema()) return 12n;
  if (schema.isNumericSchema()) return 12;
  if (schema.isDocumentSchema()) return { [name]: 'document' };
  // The SDK computes the checksum itself, and knows these only.
  if (name === 'ChecksumAlgorithm') return 'SHA256';
  // Host names are made of some (a bucket), so no signs that a host cannot have.
  return `v-${name.toLowerCase().replace(/[^a-z0-9-]/g, '')}`.slice(0, 40);
}

/** A reply in which every member of the output is set, written as the protocol of the client wants it. */
export function sampleReply({ name, output }: OperationSchemas, protocol: string): Reply {
  const kind = protocol.split('#')[1] ?? '';
  const headers: Record<string, string> = { 'x-amzn-requestid': 'request-1' };
  const inBody: [string, NormalizedSchema][] = [];
  let payload: NormalizedSchema | null = null;
  for (const [key, member] of output.isUnitSchema() ? [] : output.structIterator()) {
    const { httpHeader, httpPrefixHeaders, httpPayload, httpResponseCode } = member.getMergedTraits();
    // A checksum that is not that of the body is an error, and no reply.
    if (typeof httpHeader === 'string' && httpHeader.toLowerCase().startsWith('x-amz-checksum-')) continue;
    if (typeof httpHeader === 'string')
      headers[httpHeader.toLowerCase()] = member.isTimestampSchema() && member.getSchema() !== DATE_TIME ? WHEN.toUTCString() : text(member, key);
    else if (typeof httpPrefixHeaders === 'string') headers[`${httpPrefixHeaders.toLowerCase()}one`] = 'v-one';
    else if (httpPayload) payload = member;
    else if (!httpResponseCode) inBody.push([key, member]);
  }
  switch (kind) {
    case 'ec2Query':
      return reply(headers, 'text/xml', `<${name}Response><requestId>request-1</requestId>${xmlMembers(inBody, 0)}</${name}Response>`);
    case 'awsQuery':
      return reply(
        headers,
        'text/xml',
        `<${name}Response><${name}Result>${xmlMembers(inBody, 0)}</${name}Result><ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata></${name}Response>`,
      );
    case 'restXml': {
      if (payload === null) return reply(headers, 'application/xml', inBody.length === 0 ? '' : `<${name}Result>${xmlMembers(inBody, 0)}</${name}Result>`);
      if (!payload.isStructSchema()) return reply(headers, 'application/octet-stream', 'a payload');
      const { xmlName } = payload.getMergedTraits();
      const root = typeof xmlName === 'string' ? xmlName : (payload.getName() ?? 'Payload');
      return reply(headers, 'application/xml', `<${root}>${xmlMembers([...payload.structIterator()], 0)}</${root}>`);
    }
    default:
      return reply(
        headers,
        kind === 'awsJson1_0' ? 'application/x-amz-json-1.0' : kind === 'awsJson1_1' ? 'application/x-amz-json-1.1' : 'application/json',
        payload === null || payload.isStructSchema()
          ? JSON.stringify(jsonMembers(payload === null ? inBody : [...payload.structIterator()], 0, kind.startsWith('rest')))
          : 'a payload',
      );
  }
}

/** An error of AWS, in the words of the protocol. */
export function errorReply(code: string, status: number, protocol: string): Reply {
  const kind = protocol.split('#')[1] ?? '';
  const headers = { 'x-amzn-requestid': 'request-2' };
  const message = `It said ${code}.`;
  switch (kind) {
    case 'ec2Query':
      return {
        ...reply(
          headers,
          'text/xml',
          `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>request-2</RequestID></Response>`,
        ),
        status,
      };
    case 'awsQuery':
      return {
        ...reply(
          headers,
          'text/xml',
          `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>request-2</RequestId></ErrorResponse>`,
        ),
        status,
      };
    case 'restXml':
      return {
        ...reply(headers, 'application/xml', `<Error><Code>${code}</Code><Message>${message}</Message><RequestId>request-2</RequestId></Error>`),
        status,
      };
    default:
      return { ...reply({ ...headers, 'x-amzn-errortype': code }, 'application/x-amz-json-1.1', JSON.stringify({ __type: code, message })), status };
  }
}

function reply(headers: Readonly<Record<string, string>>, type: string, body: string): Reply {
  return { status: 200, headers: { ...headers, 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }, body };
}

function text(schema: NormalizedSchema, name: string): string {
  if (schema.isTimestampSchema()) return WHEN.toISOString();
  if (schema.isBlobSchema()) return Buffer.from(`${name} <&>`).toString('base64');
  if (schema.isBooleanSchema()) return 'true';
  if (schema.isNumericSchema() || schema.isBigIntegerSchema() || schema.isBigDecimalSchema()) return '12';
  return `v-${name}`;
}

function xmlMembers(members: readonly (readonly [string, NormalizedSchema])[], depth: number): string {
  return members.map(([key, member]) => xmlMember(key, member, depth)).join('');
}

function xmlMember(key: string, schema: NormalizedSchema, depth: number): string {
  if (depth >= DEEPEST) return '';
  const { xmlName, xmlFlattened, xmlAttribute } = schema.getMergedTraits();
  const name = typeof xmlName === 'string' ? xmlName : key;
  if (xmlAttribute) return '';
  const wrap = (inner: string) => `<${name}>${inner}</${name}>`;
  if (schema.isListSchema()) {
    const item = schema.getValueSchema();
    const { xmlName: itemName } = item.getMergedTraits();
    const tag = xmlFlattened ? name : typeof itemName === 'string' ? itemName : 'member';
    const items = [0, 1].map((index) => xmlValue(tag, `${key}-${index}`, item, depth + 1)).join('');
    return xmlFlattened ? items : wrap(items);
  }
  if (schema.isMapSchema()) {
    const entry = `<key>k-${key}</key>${xmlValue('value', key, schema.getValueSchema(), depth + 1)}`;
    return xmlFlattened ? wrap(entry) : wrap(`<entry>${entry}</entry>`);
  }
  return xmlValue(name, key, schema, depth);
}

function xmlValue(tag: string, key: string, schema: NormalizedSchema, depth: number): string {
  if (schema.isListSchema() || schema.isMapSchema()) return xmlMember(tag, schema, depth);
  if (schema.isStructSchema() || schema.isUnionSchema()) {
    const members = [...schema.structIterator()];
    return `<${tag}>${xmlMembers(schema.isUnionSchema() ? members.slice(0, 1) : members, depth + 1)}</${tag}>`;
  }
  return `<${tag}>${text(schema, key)}</${tag}>`;
}

function jsonMembers(members: readonly (readonly [string, NormalizedSchema])[], depth: number, names: boolean): Record<string, unknown> {
  return Object.fromEntries(
    members.map(([key, member]) => {
      const { jsonName } = member.getMergedTraits();
      return [names && typeof jsonName === 'string' ? jsonName : key, jsonValue(key, member, depth + 1, names)];
    }),
  );
}

function jsonValue(key: string, schema: NormalizedSchema, depth: number, names: boolean): unknown {
  if (depth >= DEEPEST) return null;
  if (schema.isStructSchema() || schema.isUnionSchema()) {
    const members = [...schema.structIterator()];
    return jsonMembers(schema.isUnionSchema() ? members.slice(0, 1) : members, depth, names);
  }
  if (schema.isListSchema()) return [0, 1].map((index) => jsonValue(`${key}-${index}`, schema.getValueSchema(), depth + 1, names));
  if (schema.isMapSchema()) return { [`k-${key}`]: jsonValue(key, schema.getValueSchema(), depth + 1, names) };
  if (schema.isTimestampSchema()) return WHEN.getTime() / 1000;
  if (schema.isBooleanSchema()) return true;
  if (schema.isNumericSchema()) return 12;
  if (schema.isDocumentSchema()) return { document: key };
  return text(schema, key);
}

/** How many values there are in something. */
export function leaves(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value !== 'object' || value instanceof Date || value instanceof Uint8Array) return 1;
  return Object.values(value).reduce((total: number, each: unknown) => total + leaves(each), 0);
}
