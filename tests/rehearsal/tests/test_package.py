"""Packaging of templates."""

import io
import json
import zipfile

import pytest

from rehearsal import package
from rehearsal.story import MACROS, MAIN

TEMPLATE = """
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  ClaimGateway:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: makefile
    Properties:
      CodeUri: .
      Role: !GetAtt Role.Arn
      Environment:
        Variables:
          TABLE: !Ref Table
          TEXT: !Sub ['${A}', {A: !Select [1, !Split [/, !Ref Table]]}]
  Recorder:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: recorder.asl.json
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "recorder.asl.json").write_text("{}")
    binary = tmp_path / "claim-gateway"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    return tmp_path


def _package(folder):
    uploads = {}

    def upload(name, content):
        uploads[name] = content
        return {"Bucket": "b", "Key": name}

    text = package.package(folder / "template.yaml", folder, folder / "cache", upload)
    return json.loads(text), uploads


def test_uploads_binaries_as_bootstrap(folder):
    template, uploads = _package(folder)
    function = template["Resources"]["ClaimGateway"]
    assert function["Properties"]["CodeUri"] == {"Bucket": "b", "Key": "claim-gateway.zip"}
    assert "Metadata" not in function
    with zipfile.ZipFile(io.BytesIO(uploads["claim-gateway.zip"])) as archive:
        assert archive.namelist() == ["bootstrap"]
        assert archive.read("bootstrap") == b"#!/bin/sh\n"
        assert archive.getinfo("bootstrap").external_attr >> 16 & 0o111


def test_uploads_the_definition(folder):
    template, uploads = _package(folder)
    definition = template["Resources"]["Recorder"]["Properties"]["DefinitionUri"]
    assert definition == {"Bucket": "b", "Key": "recorder.asl.json"}
    assert uploads["recorder.asl.json"] == b"{}"


def test_writes_short_intrinsic_functions_out(folder):
    template, _ = _package(folder)
    properties = template["Resources"]["ClaimGateway"]["Properties"]
    assert properties["Role"] == {"Fn::GetAtt": ["Role", "Arn"]}
    variables = properties["Environment"]["Variables"]
    assert variables["TABLE"] == {"Ref": "Table"}
    split = {"Fn::Split": ["/", {"Ref": "Table"}]}
    assert variables["TEXT"] == {"Fn::Sub": ["${A}", {"A": {"Fn::Select": [1, split]}}]}
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"


def test_packages_a_new_binary_anew(folder):
    _package(folder)
    binary = folder / "claim-gateway"
    binary.write_text("#!/bin/sh\nexit 1\n")
    _, uploads = _package(folder)
    with zipfile.ZipFile(io.BytesIO(uploads["claim-gateway.zip"])) as archive:
        assert archive.read("bootstrap").endswith(b"exit 1\n")
    assert len(list((folder / "cache").glob("*.zip"))) == 1


@pytest.mark.parametrize("path", [MAIN, MACROS], ids=["recorder", "macros"])
def test_every_function_of_the_project_has_its_package(path):
    names = package.functions(package.load(path)).values()
    assert names
    for name in names:
        folder = "cf-assistive-macros" if path == MACROS else "functions"
        assert (MAIN.parent / folder / name / "Cargo.toml").is_file(), name
