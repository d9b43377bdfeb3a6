//! Memory that runs out. Sources: `TaskManagerExceptionUtils`, `ClusterEntryPointExceptionUtils`, `NetworkBufferPool`, and the JVM.

use crate::symptom::Sign::Says;

super::symptoms! {
    "NK2301" Error End Own Always
    "a process was ended because the memory of its machine or container ran out"
    signs []
    happens "The kernel ends a process whose control group has used all its memory (OOMKilled, 137). The JVM does not notice: there is no exception."
    cure "Compare the limit of the container with `taskmanager.memory.process.size` or `jobmanager.memory.process.size`: they have to be equal. If they are, native memory grows: raise `taskmanager.memory.jvm-overhead.fraction` or the size of the process; with RocksDB keep `state.backend.rocksdb.memory.managed` on.";
    "NK2302" Error End Own Always
    "a JVM ended itself because its memory ran out"
    signs []
    happens "Exit code 3: `-XX:+ExitOnOutOfMemoryError` ends the JVM at the first OutOfMemoryError."
    cure "Raise the part of memory that the error names: the heap with `taskmanager.memory.process.size`, classes with `taskmanager.memory.jvm-metaspace.size`.";
    "NK2303" Error Inside Nothing Always
    "classes fill the metaspace"
    signs [Says(&["OutOfMemoryError: Metaspace"]), Says(&["The metaspace out-of-memory error has occurred"])]
    happens "Each submission loads its classes anew. Where threads, static registries or drivers hold old ones, the metaspace grows with every run until it is full, and the process ends."
    cure "Raise `taskmanager.memory.jvm-metaspace.size` (in main(): `jobmanager.memory.jvm-metaspace.size`); when each run takes more of it, the job leaks classes: put the library that holds them (drivers, clients) into the session with `nutkin.libs`, and end threads in `close()`.";
    "NK2304" Error Inside Nothing Always
    "the heap is full"
    signs [Says(&["Java heap space"]), Says(&["GC overhead limit exceeded"])]
    happens "State, buffers of user code or a skewed key need more heap than there is. The task fails; the process ends where the error hits one of Flink's own threads."
    cure "Raise `taskmanager.memory.process.size`: most of it becomes heap. Keep large state in RocksDB (`state.backend.type: rocksdb`), and look for collections in user code that grow.";
    "NK2305" Error Inside Nothing Always
    "direct memory is used up"
    signs [Says(&["Direct buffer memory"]), Says(&["direct out-of-memory error has occurred"]), Says(&["of direct buffer memory"])]
    happens "Buffers outside of the heap, of clients or of the network, need more than `-XX:MaxDirectMemorySize` allows."
    cure "Raise `taskmanager.memory.task.off-heap.size`, or `taskmanager.memory.framework.off-heap.size` for the network.";
    "NK2306" Error Inside Nothing Always
    "network buffers are missing"
    signs [Says(&["Insufficient number of network buffers"])]
    happens "A shuffle between many tasks needs more buffers than the network memory of a TaskManager has. The job fails when it is deployed."
    cure "Raise `taskmanager.memory.network.max` (and `taskmanager.memory.network.fraction`), or lower the parallelism.";
    "NK2307" Error Inside Nothing Always
    "no more threads can be started"
    signs [Says(&["unable to create native thread"]), Says(&["unable to create new native thread"])]
    happens "The limit of processes of the container or user is reached (`pids.max`, `ulimit -u`), or no memory is left for stacks."
    cure "Look for user code that starts threads and does not end them, then raise the limit.";
}
