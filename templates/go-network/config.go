package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// config is the plugin configuration as JSON. Every field is optional.
type config struct {
	// Banner is a line that is sent to the client before the upstream's first data. Empty: none.
	Banner string `json:"banner"`
	// BlockedPrefix: connections whose first data starts with it are closed. Empty: none.
	BlockedPrefix string `json:"blockedPrefix"`
}

// parseConfig: nothing means the defaults.
func parseConfig(data []byte) (config, error) {
	parsed := config{BlockedPrefix: "BLOCKED"}
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
	return parsed, nil
}

// blocks tells whether a connection that starts with this data is closed.
func (c config) blocks(data []byte) bool {
	return c.BlockedPrefix != "" && bytes.HasPrefix(data, []byte(c.BlockedPrefix))
}
