// Parameters of parameter groups in front of the emulator, which has groups, and shows of them only what was set.
import { inFrontOf } from '../../../../tests/support/in-front.js';

interface Parameter {
  readonly value: string;
  readonly source: 'user' | 'system';
}
const DEFAULTS: Readonly<Record<string, string>> = { 'rds.force_ssl': '0', require_secure_transport: '0', work_mem: '4096' };

/** Listens on loopback, on any port that is free. */
export function parameterService(emulator: string): ReturnType<typeof inFrontOf> {
  const set = new Map<string, Map<string, Parameter>>();
  const of = (asked: URLSearchParams) => {
    const group = asked.get('DBParameterGroupName') ?? '';
    const found = set.get(group) ?? new Map(Object.entries(DEFAULTS).map(([name, value]) => [name, { value, source: 'system' as const }]));
    set.set(group, found);
    return found;
  };
  const named = (asked: URLSearchParams, prefix: string, member = '') => {
    const all: string[] = [];
    for (let at = 1; asked.has(`${prefix}.${at}${member}`); at += 1) all.push(asked.get(`${prefix}.${at}${member}`) ?? '');
    return all;
  };
  const answers: Readonly<Record<string, (asked: URLSearchParams) => string>> = {
    DescribeDBParameters(asked) {
      const filter = named(asked, 'Filters.Filter.1.Values.Value');
      const members = [...of(asked)]
        .filter(([name]) => filter.length === 0 || filter.includes(name))
        .map(
          ([name, { value, source }]) =>
            `<Parameter><ParameterName>${name}</ParameterName><ParameterValue>${value}</ParameterValue><Source>${source}</Source></Parameter>`,
        );
      return `<Parameters>${members.join('')}</Parameters>`;
    },
    ModifyDBParameterGroup(asked) {
      const values = named(asked, 'Parameters.Parameter', '.ParameterValue');
      for (const [at, name] of named(asked, 'Parameters.Parameter', '.ParameterName').entries())
        of(asked).set(name, { value: values[at] ?? '', source: 'user' });
      return `<DBParameterGroupName>${asked.get('DBParameterGroupName')}</DBParameterGroupName>`;
    },
    ResetDBParameterGroup(asked) {
      for (const name of named(asked, 'Parameters.Parameter', '.ParameterName')) of(asked).set(name, { value: DEFAULTS[name] ?? '', source: 'system' });
      return `<DBParameterGroupName>${asked.get('DBParameterGroupName')}</DBParameterGroupName>`;
    },
  };
  return inFrontOf(emulator, ({ operation, body }) => {
    const answer = answers[operation];
    if (answer === undefined) return null;
    const result = `<${operation}Result>${answer(new URLSearchParams(body))}</${operation}Result>`;
    return { type: 'text/xml', body: `<${operation}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/">${result}</${operation}Response>` };
  });
}
