#!/usr/bin/env bash
# AWS Event Ruler 2.1.0 (software.amazon.event.ruler:event-ruler, Apache-2.0, https://github.com/aws/event-ruler), the matcher of EventBridge.
#
# Most would guess: `RuleCompiler.check(rule)`, which its README names for checking rules ("if null, means that the rule was syntactically
# valid"), says null of every rule that `Machine.addRule(name, rule)` of the same version takes.
#
# What really happens: it refuses every `$or` ("Unrecognized match type"), which the machine takes and matches by. The checker that agrees with
# the machine is another class with the same methods, `JsonRuleCompiler`.
#
# Needs: a JDK (17), Maven. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>0</version>
  <dependencies><dependency>
    <groupId>software.amazon.event.ruler</groupId><artifactId>event-ruler</artifactId><version>2.1.0</version>
  </dependency></dependencies>
</project>
POM
mvn --quiet --batch-mode org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib
cat > Check.java <<'JAVA'
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Machine;
import software.amazon.event.ruler.RuleCompiler;

public class Check {
  public static void main(String[] args) throws Exception {
    String rule = "{\"source\":[\"aws.ec2\"],\"$or\":[{\"account\":[\"1\"]},{\"region\":[\"eu-west-1\"]}]}";
    String refusal = RuleCompiler.check(rule);
    Machine machine = new Machine();
    machine.addRule("rule", rule);
    System.out.println("RuleCompiler.check: " + (refusal == null ? null : refusal.split("\n")[0]));
    System.out.println("JsonRuleCompiler.check: " + JsonRuleCompiler.check(rule));
    System.out.println("Machine: " + machine.rulesForJSONEvent("{\"source\":\"aws.ec2\",\"region\":\"eu-west-1\"}"));
  }
}
JAVA
java -cp 'lib/*' Check.java 2>/dev/null | tee output
[ "$(cat output)" = "$(printf '%s\n' 'RuleCompiler.check: Unrecognized match type account' 'JsonRuleCompiler.check: null' 'Machine: [rule]')" ]
