#!/usr/bin/env bash
# AWS Event Ruler 2.1.0 (software.amazon.event.ruler:event-ruler, Apache-2.0, https://github.com/aws/event-ruler), the matcher of EventBridge.
#
# Most would guess: the name of a field has no influence on whether a pattern matches, as long as pattern and event use the same name. And
# within a list of objects, `exists: false` is asked of the element in which the other fields of the pattern were found.
#
# What really happens: fields are looked for in the alphabetical order of their names. `exists: false` is asked of the one element only when
# a field before it in the alphabet has been found there; a name that comes before all others has to be absent from every element. So renaming
# `zone` to `area`, in pattern and event alike, turns a match into none. It is so with both of its algorithms (structured matching on and off),
# and its README says nothing of it ("In practice, this means that it does about what you would expect").
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
cat > Absent.java <<'JAVA'
import software.amazon.event.ruler.Machine;

public class Absent {
  public static void main(String[] args) throws Exception {
    for (boolean structured : new boolean[] {true, false})
      for (String field : new String[] {"zone", "area"}) {
        // One instance called web that has no such field; another one that has it.
        String pattern = "{\"instances\":{\"name\":[\"web\"],\"" + field + "\":[{\"exists\":false}]}}";
        String event = "{\"instances\":[{\"name\":\"web\"},{\"name\":\"db\",\"" + field + "\":\"a\"}]}";
        Machine machine = Machine.builder().withStructuredMatching(structured).build();
        machine.addRule("rule", pattern);
        System.out.println((structured ? "structured " : "stepwise   ") + pattern + " " + event + ": " + (machine.rulesForJSONEvent(event).isEmpty() ? "no" : "yes"));
      }
  }
}
JAVA
java -cp 'lib/*' Absent.java 2>/dev/null | tee output
[ "$(sed 's/.*: //' output | tr '\n' ' ')" = 'yes no yes no ' ]
