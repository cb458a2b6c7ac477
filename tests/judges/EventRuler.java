// AWS's Event Ruler, asked about patterns and events from standard input: {"patterns": [...], "events": [...]}. It answers with one member for
// each pattern: why it is no pattern, or null; and the places of the events that match.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Machine;

public class EventRuler {
  public static void main(String[] args) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    JsonNode asked = mapper.readTree(System.in);
    List<String> events = new ArrayList<>();
    for (JsonNode event : asked.get("events")) events.add(event.toString());
    ArrayNode answers = mapper.createArrayNode();
    for (JsonNode pattern : asked.get("patterns")) {
      ObjectNode answer = answers.addObject();
      // The compiler that knows `$or`, as EventBridge does; the older RuleCompiler does not.
      String invalid = JsonRuleCompiler.check(pattern.toString());
      answer.put("invalid", invalid);
      ArrayNode matched = answer.putArray("matched");
      if (invalid != null) continue;
      // A machine for each, so that no rule has to do with another.
      Machine machine = new Machine();
      machine.addRule("it", pattern.toString());
      for (int at = 0; at < events.size(); at++) if (!machine.rulesForJSONEvent(events.get(at)).isEmpty()) matched.add(at);
    }
    mapper.writeValue(System.out, answers);
  }
}
