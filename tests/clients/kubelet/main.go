// Runs credential providers as kubelet does, with kubelet's own code, and reads manifests with Kubernetes' own types.
//
//	kubelet provide CONFIG BIN_DIR ACCOUNTS
//	kubelet check FILE...
//
// provide loads the CredentialProviderConfig CONFIG, whose providers are in BIN_DIR, and answers each line of stdin, a
// JSON object with an image and a pod, with a line of the credentials that kubelet would give to the container runtime;
// if the line names the socket of one, that pulls the image with them.
// ACCOUNTS is a JSON object of service accounts by NAMESPACE/NAME.
// check fails for a document with a field that its type does not have.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kubernetes/pkg/credentialprovider/plugin"
)

// What the API server knows of a service account: TokenAudience is what the token is for, and is checked.
type account struct {
	UID           string            `json:"uid"`
	Annotations   map[string]string `json:"annotations"`
	Token         string            `json:"token"`
	TokenAudience string            `json:"audience"`
}

type request struct {
	Image          string `json:"image"`
	Namespace      string `json:"namespace"`
	Pod            string `json:"pod"`
	ServiceAccount string `json:"serviceAccount"`
	// If set, the service account's token from now on.
	Token string `json:"token"`
	// If set, the socket of the container runtime that pulls the image.
	Runtime string `json:"runtime"`
}

type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
	// NAMESPACE/NAME of the service account that they belong to, if they do.
	ServiceAccount string `json:"serviceAccount,omitempty"`
}

type reply struct {
	Found       bool          `json:"found"`
	Credentials []credentials `json:"credentials"`
	Seconds     float64       `json:"seconds"`
	// Why the container runtime has not pulled the image.
	Failure string `json:"failure,omitempty"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 4 && arguments[0] == "provide":
		return provide(arguments[1], arguments[2], arguments[3])
	case len(arguments) > 1 && arguments[0] == "check":
		for _, path := range arguments[1:] {
			if err := check(path); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return nil
	}
	return fmt.Errorf("usage: kubelet provide CONFIG BIN_DIR ACCOUNTS | check FILE")
}

func provide(config, folder, file string) error {
	accounts := map[string]*account{}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &accounts); err != nil {
		return err
	}
	find := func(namespace, name string) (*account, error) {
		if found, ok := accounts[namespace+"/"+name]; ok {
			return found, nil
		}
		return nil, fmt.Errorf("serviceaccount %q not found", name)
	}
	getToken := func(namespace, name string, asked *authenticationv1.TokenRequest) (*authenticationv1.TokenRequest, error) {
		found, err := find(namespace, name)
		if err != nil {
			return nil, err
		}
		if len(asked.Spec.Audiences) != 1 || asked.Spec.Audiences[0] != found.TokenAudience {
			return nil, fmt.Errorf("audience %q not found in pod spec volume", asked.Spec.Audiences)
		}
		asked.Status.Token = found.Token
		return asked, nil
	}
	getAccount := func(namespace, name string) (*corev1.ServiceAccount, error) {
		found, err := find(namespace, name)
		if err != nil {
			return nil, err
		}
		return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, UID: types.UID(found.UID), Annotations: found.Annotations,
		}}, nil
	}
	if err := plugin.RegisterCredentialProviderPlugins(config, folder, getToken, getAccount); err != nil {
		return err
	}
	fmt.Println("{}")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		if asked.Token != "" {
			accounts[asked.Namespace+"/"+asked.ServiceAccount].Token = asked.Token
		}
		if err := json.NewEncoder(os.Stdout).Encode(lookup(asked)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func lookup(asked request) reply {
	start := time.Now()
	keyring := plugin.NewExternalCredentialProviderDockerKeyring(
		asked.Namespace, asked.Pod, "uid-of-"+asked.Pod, asked.ServiceAccount)
	configs, found := keyring.Lookup(asked.Image)
	answer := reply{Found: found, Credentials: []credentials{}, Seconds: time.Since(start).Seconds()}
	for _, config := range configs {
		one := credentials{Username: config.Username, Password: config.Password}
		if config.Source != nil && config.Source.ServiceAccount != nil {
			one.ServiceAccount = config.Source.ServiceAccount.Namespace + "/" + config.Source.ServiceAccount.Name
		}
		answer.Credentials = append(answer.Credentials, one)
	}
	if asked.Runtime != "" {
		if err := pull(asked.Runtime, asked.Image, answer.Credentials); err != nil {
			answer.Failure = err.Error()
		}
	}
	return answer
}

func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	strict := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, kind, err := strict.Decode(document, nil, nil); err != nil {
			return err
		} else {
			fmt.Println(kind.Kind)
		}
	}
}
