/** Its {@code main} throws before there is a job. {@code --message TEXT} is what it says. */
public final class MainThrows {
    private MainThrows() {}

    public static void main(String[] args) {
        throw new IllegalStateException(new Arguments(args).text("message"));
    }
}
