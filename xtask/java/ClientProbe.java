import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.security.Permission;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs the main method of Flink's Kubernetes client again and again in one JVM.
 *
 * <p>Each line of standard input is a run: hexadecimal fields with blanks between them, which are the time limit in
 * seconds, the number of variables, their names and values, and the arguments. Each answer is the exit code, or
 * {@code timeout}, and what was said on standard error, in hexadecimal.
 *
 * <p>Flink's own classes are loaded anew for every run, so that their static state is that of a new process; the
 * libraries that it carries along are loaded once.
 */
public final class ClientProbe {

    private static final String MAIN = "org.apache.flink.kubernetes.cli.KubernetesSessionCli";
    private static final int RUNNING = Integer.MIN_VALUE;
    private static final AtomicInteger CODE = new AtomicInteger();
    private static volatile CountDownLatch ended;

    /** What System.exit becomes. */
    private static final class Exited extends SecurityException {}

    /** Knows Flink's own classes before its parent does. */
    private static final class OwnFirst extends URLClassLoader {
        OwnFirst(URL[] jars, ClassLoader libraries) {
            super(jars, libraries);
        }

        @Override
        public Enumeration<URL> findResources(String name) {
            // The parent has the same jars: services would be found twice.
            return Collections.emptyEnumeration();
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("org.apache.flink.") || name.contains(".shaded.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                return known == null ? findClass(name) : known;
            }
        }
    }

    /** Lets everything pass but the end of the JVM. */
    private static final class NoExit extends SecurityManager {
        @Override
        public void checkPermission(Permission permission) {}

        @Override
        public void checkPermission(Permission permission, Object context) {}

        @Override
        public void checkExit(int status) {
            CODE.compareAndSet(RUNNING, status);
            ended.countDown();
            throw new Exited();
        }
    }

    private static String read(String field) {
        return new String(HexFormat.of().parseHex(field.substring(1)), StandardCharsets.UTF_8);
    }

    @SuppressWarnings("unchecked")
    private static void setEnvironment(Map<String, String> wanted) throws ReflectiveOperationException {
        Field field = System.getenv().getClass().getDeclaredField("m");
        field.setAccessible(true);
        Map<String, String> live = (Map<String, String>) field.get(System.getenv());
        live.clear();
        live.putAll(wanted);
    }

    private static void call(ClassLoader loader, String[] arguments) {
        try {
            Class<?> main = loader.loadClass(MAIN);
            main.getMethod("main", String[].class).invoke(null, (Object) arguments);
            CODE.compareAndSet(RUNNING, 0);
        } catch (InvocationTargetException thrown) {
            if (!(thrown.getCause() instanceof Exited)) {
                thrown.getCause().printStackTrace();
                CODE.compareAndSet(RUNNING, 1);
            }
        } catch (ReflectiveOperationException | RuntimeException | Error thrown) {
            thrown.printStackTrace();
            CODE.compareAndSet(RUNNING, 99);
        } finally {
            ended.countDown();
        }
    }

    public static void main(String[] paths) throws Exception {
        List<URL> jars = new ArrayList<>();
        for (String path : paths) {
            jars.add(new File(path).toURI().toURL());
        }
        URL[] urls = jars.toArray(new URL[0]);
        ClassLoader libraries = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader());
        PrintStream answers = System.out;
        BufferedReader runs =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        Properties properties = (Properties) System.getProperties().clone();
        System.setSecurityManager(new NoExit());
        for (String line = runs.readLine(); line != null; line = runs.readLine()) {
            String[] fields = line.split(" ");
            int next = 0;
            long seconds = Long.parseLong(read(fields[next++]));
            Map<String, String> environment = new java.util.HashMap<>();
            for (int count = Integer.parseInt(read(fields[next++])); count > 0; count--) {
                environment.put(read(fields[next]), read(fields[next + 1]));
                next += 2;
            }
            String[] arguments = new String[fields.length - next];
            for (int index = 0; index < arguments.length; index++) {
                arguments[index] = read(fields[next++]);
            }
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            System.setProperties((Properties) properties.clone());
            setEnvironment(environment);
            System.setOut(new PrintStream(new ByteArrayOutputStream()));
            System.setErr(new PrintStream(said, true, "UTF-8"));
            System.setIn(new ByteArrayInputStream(new byte[0]));
            CODE.set(RUNNING);
            ended = new CountDownLatch(1);
            OwnFirst loader = new OwnFirst(urls, libraries);
            Thread thread = new Thread(() -> call(loader, arguments), "main");
            thread.setContextClassLoader(loader);
            thread.start();
            boolean done = ended.await(seconds, TimeUnit.SECONDS);
            if (done) {
                thread.join(2000);
            }
            answers.println((done ? CODE.get() : "timeout") + " x" + HexFormat.of().formatHex(said.toByteArray()));
            answers.flush();
        }
        Runtime.getRuntime().halt(0);
    }
}
