// Does what skopeo does, by the library that skopeo, podman and buildah use:
//
//	containers-image inspect IMAGE
//	containers-image copy SOURCE DESTINATION
//	containers-image login HOST
//	containers-image logout HOST
//
// inspect prints an image's name as JSON; login reads AWS's password for HOST from stdin, tries it, and stores it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"go.podman.io/image/v5/copy"
	_ "go.podman.io/image/v5/directory"
	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/pkg/docker/config"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/transports"
	"go.podman.io/image/v5/types"
)

// As in skopeo, REGISTRY_AUTH_FILE names the file with the helpers.
var system = &types.SystemContext{AuthFilePath: os.Getenv("REGISTRY_AUTH_FILE")}

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, command string, arguments []string) error {
	switch command {
	case "inspect":
		return inspect(ctx, arguments[0])
	case "copy":
		return copyImage(ctx, arguments[0], arguments[1])
	case "login":
		return login(ctx, arguments[0])
	case "logout":
		return config.RemoveAuthentication(system, arguments[0])
	}
	return fmt.Errorf("unknown command %s", command)
}

func inspect(ctx context.Context, name string) error {
	reference, err := parse(name)
	if err != nil {
		return err
	}
	image, err := reference.NewImage(ctx, system)
	if err != nil {
		return err
	}
	defer image.Close()
	if _, err := image.Inspect(ctx); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]string{"Name": reference.DockerReference().Name()})
}

func copyImage(ctx context.Context, source, destination string) error {
	from, err := parse(source)
	if err != nil {
		return err
	}
	to, err := parse(destination)
	if err != nil {
		return err
	}
	accept := []signature.PolicyRequirement{signature.NewPRInsecureAcceptAnything()}
	policy, err := signature.NewPolicyContext(&signature.Policy{Default: accept})
	if err != nil {
		return err
	}
	_, err = copy.Image(ctx, policy, to, from, &copy.Options{SourceCtx: system, DestinationCtx: system})
	return err
}

func login(ctx context.Context, host string) error {
	password, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if err := docker.CheckAuth(ctx, system, "AWS", string(password), host); err != nil {
		return err
	}
	_, err = config.SetCredentials(system, host, "AWS", string(password))
	return err
}

func parse(name string) (types.ImageReference, error) {
	kind, rest, _ := strings.Cut(name, ":")
	transport := transports.Get(kind)
	if transport == nil {
		return nil, fmt.Errorf("unknown transport %s", kind)
	}
	return transport.ParseReference(rest)
}
