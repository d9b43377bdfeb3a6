//! Configuration that a process refuses when it starts.

use crate::symptom::Sign::Says;

super::symptoms! {
    "NK2601" Error Around Nothing Always
    "the JVM refuses its arguments"
    signs [
        Says(&["Unrecognized VM option"]), Says(&["Unrecognized option:"]), Says(&["Could not create the Java Virtual Machine"]),
        Says(&["Could not reserve enough space for"]), Says(&["Error opening zip file or JAR manifest missing"]),
    ]
    happens "An argument in `env.java.opts.*` is unknown to this Java, or asks for more memory than there is. The process ends before Flink starts."
    cure "Remove or correct the argument that the message names. Flags of garbage collectors come and go with Java releases.";
    "NK2602" Error Around Nothing Always
    "the configuration is not valid YAML"
    signs [
        Says(&["mapping values are not allowed here"]), Says(&["found duplicate key"]), Says(&["Error parsing YAML"]),
        Says(&["Failed to parse YAML"]),
    ]
    happens "`config.yaml` is read strictly (Flink 1.19 and later): a colon without quotes or a key that appears twice ends the process when it starts."
    cure "Put values with `: ` or `#` in quotes, and remove keys that appear twice; `nutkin check` names the lines, and `nutkin convert` makes `config.yaml` of an old file.";
    "NK2603" Error Around Nothing Always
    "one key of the configuration is the beginning of another one"
    signs [Says(&["ClassCastException", "java.lang.String cannot be cast to", "java.util.Map"])]
    happens "In nested YAML a key cannot have a value and further keys below it: `a.b: x` beside `a.b.c: y`."
    cure "Write both keys flat in one line each, or remove one of them; `nutkin check` names them.";
    "NK2604" Error Around Nothing Always
    "Flink refuses its configuration"
    signs [Says(&["IllegalConfigurationException"]), Says(&["TaskManager memory configuration failed"])]
    happens "Options contradict each other, or a value does not fit. The process ends when it starts."
    cure "The message names the options. For memory, give the size of the process alone, or `nutkin explain memory` shows how the parts divide it.";
    "NK2605" Error Around Nothing Always
    "classes are built for a newer Java"
    signs [Says(&["UnsupportedClassVersionError"])]
    happens "A jar was compiled for a newer Java than the one that runs."
    cure "Compile it for the Java of the session, or give the session a newer one (`env.java.home`, another image).";
    "NK2606" Error Around Nothing Always
    "Java's modules are closed"
    signs [Says(&["InaccessibleObjectException"])]
    happens "Flink and its serializers look into classes of Java, which Java 17 and later allow only with flags such as `--add-opens`."
    cure "Put the flags of `config.yaml` of that Flink release into `env.java.opts.all`; sessions of Nutkin have them.";
}
