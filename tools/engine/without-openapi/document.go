// Package libopenapi refuses to read a document. All other types are there because the command names them.
package libopenapi

import (
	"errors"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

type Document interface {
	BuildV3Model() (*DocumentModel, error)
}

type DocumentModel struct{ Model v3.Document }

func NewDocument([]byte) (Document, error) {
	return nil, errors.New("this engine was built without `pulumi cloud`: install the official release of Pulumi for it")
}
