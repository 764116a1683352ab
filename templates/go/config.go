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
	// Greeting is the value of the header x-greeting on requests and responses.
	Greeting string `json:"greeting"`
	// BlockedPath: requests for it, or anything below it, are answered by the filter. Empty: none.
	BlockedPath string `json:"blockedPath"`
	// CheckCluster is asked before a request goes on. Empty: nobody is asked.
	CheckCluster string `json:"checkCluster"`
}

// parseConfig: nothing means the defaults, a JSON object is read, any other text is the greeting.
func parseConfig(data []byte) (config, error) {
	parsed := config{Greeting: "hello", BlockedPath: "/blocked"}
	text := bytes.TrimSpace(data)
	if len(text) == 0 {
		return parsed, nil
	}
	if text[0] != '{' {
		parsed.Greeting = string(text)
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

// blocks tells whether the filter answers this :path itself.
func (c config) blocks(path string) bool {
	plain, _, _ := strings.Cut(path, "?")
	return c.BlockedPath != "" && (plain == c.BlockedPath || strings.HasPrefix(plain, c.BlockedPath+"/"))
}

type verdict int

const (
	unavailable verdict = iota
	allowed
	denied
)

// judge says what the :status of the check's answer means; empty: there was no answer.
func judge(status string) verdict {
	switch {
	case status == "200":
		return allowed
	case status == "" || strings.HasPrefix(status, "5"):
		return unavailable
	default:
		return denied
	}
}
