package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// config is the plugin configuration as JSON. Every field is optional.
type config struct {
	// Value is sent back in the response header hello.
	Value string `json:"value"`
	// DenyPrefix: requests whose path starts with it get 403 from the filter itself. Empty: none.
	DenyPrefix string `json:"denyPrefix"`
	// AuthCluster is asked whether a request may pass. Empty: nobody is asked.
	AuthCluster string `json:"authCluster"`
}

// parseConfig: nothing means the defaults, a JSON object is read, any other text is the value.
func parseConfig(data []byte) (config, error) {
	parsed := config{Value: "world"}
	text := bytes.TrimSpace(data)
	if len(text) == 0 {
		return parsed, nil
	}
	if text[0] != '{' {
		parsed.Value = string(text)
		return parsed, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&parsed); err != nil {
		return config{}, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return config{}, errors.New("text after the object")
	}
	return parsed, nil
}

// denies tells whether the filter refuses this :path itself.
func (c config) denies(path string) bool {
	return c.DenyPrefix != "" && strings.HasPrefix(path, c.DenyPrefix)
}

type verdict int

const (
	unavailable verdict = iota
	allowed
	denied
)

// judge says what the :status of the authorization service means; empty: there was no answer.
func judge(status string) verdict {
	switch status {
	case "200":
		return allowed
	case "401", "403":
		return denied
	default:
		return unavailable
	}
}
