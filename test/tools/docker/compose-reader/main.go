// Answers what Docker Compose makes of many compose files: one JSON object per line on stdin, one per line on stdout, in the same order.
package main

import (
	"bufio"
	"context"
	_ "crypto/sha256" // Digests of images.
	_ "crypto/sha512"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/override"
	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v3"
)

type question struct {
	Text string            `json:"text"`
	Env  map[string]string `json:"env"`
	Name string            `json:"name"`
}

type answer struct {
	Error   string         `json:"error,omitempty"`
	Project *types.Project `json:"project,omitempty"`
}

// Compose compiles the specification's schema once more for every file, which takes ten times as long as all else: here it is
// compiled once, and the loader is given one that accepts everything.
var specification = compile()

func compile() *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.Schema))
	if err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("compose-spec.json", document); err != nil {
		panic(err)
	}
	schema.Schema = "true"
	return compiler.MustCompile("compose-spec.json")
}

// The loader's own steps up to its look at the schema.
func validate(text string, options *loader.Options) error {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var raw map[string]any
		if err := decoder.Decode(&raw); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		filled, err := interpolation.Interpolate(raw, *options.Interpolate)
		if err != nil {
			return err
		}
		unique, err := override.EnforceUnicity(filled)
		if err != nil {
			return err
		}
		if err := specification.Validate(unique); err != nil {
			return err
		}
	}
}

func main() {
	logrus.SetOutput(io.Discard)
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer output.Flush()
	pending := make(chan chan []byte, 64)
	var written sync.WaitGroup
	written.Add(1)
	go func() {
		defer written.Done()
		for line := range pending {
			output.Write(<-line)
			output.WriteByte('\n')
			if len(pending) == 0 {
				output.Flush()
			}
		}
	}()
	slots := make(chan struct{}, runtime.NumCPU())
	for {
		line, err := input.ReadBytes('\n')
		if len(line) > 1 {
			result := make(chan []byte, 1)
			pending <- result
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				result <- read(line)
			}()
		}
		if err != nil {
			break
		}
	}
	close(pending)
	written.Wait()
}

func read(line []byte) []byte {
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		return encode(answer{Error: "no question: " + err.Error()})
	}
	project, err := load(asked)
	if err != nil {
		return encode(answer{Error: err.Error()})
	}
	return encode(answer{Project: project})
}

func encode(given answer) []byte {
	text, err := json.Marshal(given)
	if err != nil {
		text, _ = json.Marshal(answer{Error: "not written: " + err.Error()})
	}
	return text
}

// Some wrong types make compose-go panic, which ends Compose too.
func load(asked question) (project *types.Project, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	env := types.Mapping{}
	for key, value := range asked.Env {
		env[key] = value
	}
	details := types.ConfigDetails{
		WorkingDir:  "/nowhere",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: []byte(asked.Text)}},
		Environment: env,
	}
	own := func(options *loader.Options) {
		options.SetProjectName(asked.Name, true)
		options.ResolvePaths = false
	}
	if err := validate(asked.Text, loader.ToOptions(&details, []func(*loader.Options){own})); err != nil {
		return nil, err
	}
	project, err = loader.LoadWithContext(context.Background(), details, own)
	if err != nil {
		return nil, err
	}
	return project, checkForEngine(project)
}

// What the loader lets pass and `up` refuses.
func checkForEngine(project *types.Project) error {
	for name, service := range project.Services {
		if service.Image != "" {
			if _, err := reference.ParseDockerRef(service.Image); err != nil {
				return fmt.Errorf("services.%s.image: %w", name, err)
			}
		}
		if service.Restart != "" {
			if err := container.ValidateRestartPolicy(restartPolicy(service.Restart)); err != nil {
				return fmt.Errorf("services.%s.restart: %w", name, err)
			}
		}
		// Compose puts a container's id in the place of `service:…` for these, and only for these.
		for key, mode := range map[string]string{"pid": service.Pid, "ipc": service.Ipc} {
			if rest, shared := strings.CutPrefix(mode, types.ServicePrefix); shared && rest != "" {
				continue
			}
			if key == "pid" && !container.PidMode(mode).Valid() || key == "ipc" && !container.IpcMode(mode).Valid() {
				return fmt.Errorf("services.%s.%s: invalid mode %q", name, key, mode)
			}
		}
		if !container.UTSMode(service.Uts).Valid() || !container.UsernsMode(service.UserNSMode).Valid() {
			return fmt.Errorf("services.%s: invalid UTS or user namespace", name)
		}
	}
	return nil
}

// As Compose hands it to the engine: what follows the colon counts as 0 when it is no number.
func restartPolicy(text string) container.RestartPolicy {
	name, count, _ := strings.Cut(text, ":")
	attempts, _ := strconv.Atoi(count)
	return container.RestartPolicy{Name: container.RestartPolicyMode(name), MaximumRetryCount: attempts}
}
