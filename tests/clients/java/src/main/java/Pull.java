import org.testcontainers.containers.GenericContainer;

/** Starts a container of the image that the argument names: testcontainers pulls the image first. */
final class Pull {
    public static void main(String[] arguments) {
        try (var container = new GenericContainer<>(arguments[0])) {
            container.withNetworkMode("none").start();
        }
    }
}
