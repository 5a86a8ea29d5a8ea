package main

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// pull lets the container runtime at the socket pull an image with each of the credentials until one works, or without
// any if there are none, as kubelet does: pkg/kubelet/kuberuntime/kuberuntime_image.go.
func pull(socket, image string, found []credentials) error {
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if len(found) == 0 {
		found = []credentials{{}}
	}
	var failed []error
	for _, one := range found {
		_, err := runtime.NewImageServiceClient(connection).PullImage(ctx, &runtime.PullImageRequest{
			Image: &runtime.ImageSpec{Image: image},
			Auth:  &runtime.AuthConfig{Username: one.Username, Password: one.Password},
		})
		if err == nil {
			return nil
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}
