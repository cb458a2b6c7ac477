// Opens checkpoints, and signs them, with the library that defined signed notes: golang.org/x/mod/sumdb/note.
//
// note open VERIFIER < NOTE    prints the text that the key has signed
// note sign SECRET < TEXT      prints the note
package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: note open VERIFIER | note sign SECRET")
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if args[0] == "open" {
		verifier, err := note.NewVerifier(args[1])
		if err != nil {
			return err
		}
		opened, err := note.Open(input, note.VerifierList(verifier))
		if err != nil {
			return err
		}
		fmt.Print(opened.Text)
		return nil
	}
	signer, err := note.NewSigner(args[1])
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: string(input)}, signer)
	if err != nil {
		return err
	}
	fmt.Print(string(signed))
	return nil
}
