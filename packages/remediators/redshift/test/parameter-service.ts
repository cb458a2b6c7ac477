// Parameters of parameter groups in front of the emulator, which has groups, and does not change what is in them.
import { inFrontOf } from '../../../../tests/support/in-front.js';

/** Listens on loopback, on any port that is free. */
export function parameterService(emulator: string): ReturnType<typeof inFrontOf> {
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
  return inFrontOf(emulator, ({ operation, body }) => {
    const answer = answers[operation];
    if (answer === undefined) return null;
    const result = `<${operation}Result>${answer(new URLSearchParams(body))}</${operation}Result>`;
    return { type: 'text/xml', body: `<${operation}Response xmlns="http://redshift.amazonaws.com/doc/2012-12-01/">${result}</${operation}Response>` };
  });
}
