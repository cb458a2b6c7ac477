// AWS Config over HTTP, as much of it as is asked: no emulator here keeps what rules have found. Its replies have the members of the API's model.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a rule has found of a resource. */
export interface Result {
  readonly rule: string;
  readonly type: string;
  readonly id: string;
  compliance: 'COMPLIANT' | 'NON_COMPLIANT' | 'NOT_APPLICABLE';
  readonly annotation?: string;
}

/** Rules and results of an account, behind the API. */
export class ConfigService {
  readonly rules = new Map<string, { readonly owner: 'AWS' | 'CUSTOM_LAMBDA'; readonly identifier: string; readonly visibility?: 'INTERNAL' | 'STANDARD' }>();
  results: Result[] = [];
  readonly tags = new Map<string, Record<string, string>>();
  readonly calls: string[] = [];
  /** Operations that are denied. */
  readonly denied = new Set<string>();
  /** Results in a page. */
  page = 2;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ConfigService> {
    const server = createServer();
    const service = new ConfigService(server);
    server.on('request', async (request: IncomingMessage, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      service.calls.push(operation);
      const { status, body } = service.#answer(operation, JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return service;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(operation: string, input: Record<string, unknown>): { status: number; body: object } {
    if (this.denied.has(operation)) return { status: 400, body: { __type: 'AccessDeniedException', message: 'not allowed' } };
    const page = <T>(name: string, all: readonly T[], made: (each: T) => object) => {
      const from = Number(input['NextToken'] ?? 0);
      const to = from + this.page;
      return { status: 200, body: { [name]: all.slice(from, to).map(made), ...(to < all.length ? { NextToken: String(to) } : {}) } };
    };
    const result = ({ rule, type, id, compliance, annotation }: Result) => ({
      EvaluationResultIdentifier: { EvaluationResultQualifier: { ConfigRuleName: rule, ResourceType: type, ResourceId: id }, OrderingTimestamp: 1 },
      ComplianceType: compliance,
      ...(annotation === undefined ? {} : { Annotation: annotation }),
    });
    if (operation === 'DescribeConfigRules') {
      const names = input['ConfigRuleNames'] as string[] | undefined;
      const known = [...this.rules].filter(([name]) => names === undefined || names.includes(name));
      return page('ConfigRules', known, ([ConfigRuleName, { owner, identifier, visibility }]) => ({
        ConfigRuleName,
        ConfigRuleState: 'ACTIVE',
        Source: { Owner: owner, SourceIdentifier: identifier },
        ...(visibility === undefined ? {} : { RuleEvaluationVisibility: visibility }),
      }));
    }
    if (operation === 'GetComplianceDetailsByConfigRule') {
      const types = input['ComplianceTypes'] as string[];
      const found = this.results.filter((each) => each.rule === input['ConfigRuleName'] && types.includes(each.compliance));
      return page('EvaluationResults', found, result);
    }
    if (operation === 'GetComplianceDetailsByResource')
      return page(
        'EvaluationResults',
        this.results.filter((each) => each.type === input['ResourceType'] && each.id === input['ResourceId']),
        result,
      );
    if (operation === 'GetResourceConfigHistory') {
      const tags = this.tags.get(String(input['resourceId']));
      if (tags === undefined) return { status: 400, body: { __type: 'ResourceNotDiscoveredException', message: 'not discovered' } };
      return { status: 200, body: { configurationItems: [{ resourceType: input['resourceType'], resourceId: input['resourceId'], tags }] } };
    }
    return { status: 400, body: { __type: 'InvalidAction', message: operation } };
  }
}
