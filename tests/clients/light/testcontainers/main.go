// Starts a container without a network by testcontainers, and ends it: testcontainers IMAGE
package main

import (
	"context"
	"errors"
	"log"
	"os"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
)

func main() {
	without := testcontainers.WithHostConfigModifier(func(config *container.HostConfig) { config.NetworkMode = "none" })
	started, err := testcontainers.Run(context.Background(), os.Args[1], without)
	if err := errors.Join(err, testcontainers.TerminateContainer(started)); err != nil {
		log.Fatal(err)
	}
}
