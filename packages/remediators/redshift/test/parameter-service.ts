// Parameters of parameter groups in front of the emulator, which has groups, and does not change what is in them. The rest is passed on.
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on loopback, on any port that is free. */
export async function parameterService(emulator: string): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  const target = new URL(emulator);
  const set = new Map<string, Map<string, string>>();
  const of = (group: string) => {
    const found =
      set.get(group) ??
      new Map([
        ['enable_user_activity_logging', 'false'],
        ['require_ssl', 'false'],
        ['statement_timeout', '0'],
      ]);
    set.set(group, found);
    return found;
  };
  const answers: Readonly<Record<string, (asked: URLSearchParams) => string>> = {
    DescribeClusterParameters(asked) {
      const members = [...of(asked.get('ParameterGroupName') ?? '')].map(
        ([name, value]) => `<Parameter><ParameterName>${name}</ParameterName><ParameterValue>${value}</ParameterValue></Parameter>`,
      );
      return `<Parameters>${members.join('')}</Parameters>`;
    },
    ModifyClusterParameterGroup(asked) {
      const group = asked.get('ParameterGroupName') ?? '';
      for (let at = 1; asked.has(`Parameters.Parameter.${at}.ParameterName`); at += 1)
        of(group).set(asked.get(`Parameters.Parameter.${at}.ParameterName`) ?? '', asked.get(`Parameters.Parameter.${at}.ParameterValue`) ?? '');
      return `<ParameterGroupName>${group}</ParameterGroupName>`;
    },
  };
  const server = createServer(async (incoming, outgoing) => {
    const body = await all(incoming);
    const asked = new URLSearchParams(body.toString());
    const action = asked.get('Action') ?? '';
    const answer = answers[action];
    if (answer !== undefined) {
      const reply = `<${action}Response xmlns="http://redshift.amazonaws.com/doc/2012-12-01/"><${action}Result>${answer(asked)}</${action}Result></${action}Response>`;
      outgoing.writeHead(200, { 'content-type': 'text/xml' }).end(reply);
      return;
    }
    const { connection: _, 'transfer-encoding': __, ...headers } = incoming.headers;
    const passed = request(
      { hostname: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers: { ...headers, 'content-length': body.length } },
      (reply) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(outgoing);
      },
    );
    passed.once('error', () => outgoing.destroy());
    passed.end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function all(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
