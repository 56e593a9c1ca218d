// npm run build: dist/package is the package as it is published (npm pack ./dist/package).
import { join } from 'node:path'
import { buildTree } from './buildTree.ts'
import { originOf, ROOT } from './origin.ts'

const folder = join(ROOT, 'dist/package')
const origin = originOf()
buildTree(folder, origin)
console.log(`${folder}: vouchd ${origin.version}`)
