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
	// Cluster that is watched. Empty: none.
	Cluster string `json:"cluster"`
	// Path that is asked for there.
	Path string `json:"path"`
	// IntervalMs is the time between two checks, and how long an answer may take.
	IntervalMs uint32 `json:"intervalMs"`
}

// parseConfig: nothing means the defaults.
func parseConfig(data []byte) (config, error) {
	parsed := config{Path: "/", IntervalMs: 1000}
	text := bytes.TrimSpace(data)
	if len(text) == 0 {
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
	if parsed.IntervalMs == 0 {
		return config{}, errors.New("intervalMs must be more than 0")
	}
	return parsed, nil
}

// judge says what an answer with this :status means; empty: there was no answer.
func judge(status string) state {
	if strings.HasPrefix(status, "2") {
		return up
	}
	return down
}
