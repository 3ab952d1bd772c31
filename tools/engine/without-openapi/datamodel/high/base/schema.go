// Package base has what `pulumi cloud` reads of a schema.
package base

import (
	"errors"

	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

type Info struct{ Version string }

type Schema struct {
	Type, Required               []string
	Description, Format, Pattern string
	Properties                   *orderedmap.Map[string, *SchemaProxy]
	Items, AdditionalProperties  *SchemaOrBool
	AllOf, OneOf, AnyOf          []*SchemaProxy
	Discriminator                *Discriminator
	Enum                         []*yaml.Node
	Default                      *yaml.Node
	MinLength, MaxLength         *int64
	Minimum, Maximum, MultipleOf *float64
	Nullable, ReadOnly           *bool
	Extensions                   *orderedmap.Map[string, *yaml.Node]
}

func (*Schema) GoLow() *Low { return nil }

func (*Schema) MarshalJSONInline() ([]byte, error) { return nil, errors.ErrUnsupported }

type Low struct{}

func (*Low) Hash() uint64 { return 0 }

type SchemaOrBool struct{ A *SchemaProxy }

func (*SchemaOrBool) IsA() bool { return false }

type Discriminator struct {
	PropertyName string
	Mapping      *orderedmap.Map[string, string]
}

type SchemaProxy struct{}

func (*SchemaProxy) Schema() *Schema { return nil }
